import { ask, deed } from './ask.js';
import { checkSame, newAccount, signIn, whoIsSignedIn, whoLine } from './account.js';
import { attempt, button, el, form, show, tell, title } from './dom.js';
import { takeToken } from './token.js';

const token = takeToken();
const fields = 'id email targetKind targetName role status expiresAt invitedBy { name username }';

const where = (invitation) => (invitation.targetKind === 'ORGANIZATION' ? ['in', 'the organization'] : ['on', 'the API key']);

/** One invitation by the link of its mail; looking at it consumes nothing. */
async function byLink(person) {
  show(whoLine(person, open));
  const { invitation } = await deed('openInvitation', `mutation OpenInvitation($token: String!) {
    openInvitation(input: { token: $token }) { invitation { ${fields} } errors { message } } }`, { token });
  show(...offer(invitation, { token }), whoLine(person, open));
}

/** Without a link: those that wait for an answer. */
async function waiting(person) {
  title('Your invitations');
  const { viewer } = await ask(`query Waiting { viewer { invitations(last: 50) { nodes { ${fields} } } } }`);
  const pending = viewer.invitations.nodes.filter((i) => i.status === 'PENDING');
  const none = pending.length > 0 ? [] : [el('p', {}, 'No invitation waits for you.')];
  show(...none, ...pending.flatMap((i) => offer(i, { invitationId: i.id })), whoLine(person, open));
}

function offer(invitation, input) {
  const who = invitation.invitedBy ? `${invitation.invitedBy.name} offers you` : 'You are offered'; // whom not everybody may see
  const [at, what] = where(invitation);
  const until = new Date(invitation.expiresAt).toLocaleDateString(undefined, { dateStyle: 'long' });
  return [
    el('p', {}, `${who} a place ${at} ${what} “${invitation.targetName}” as ${invitation.role.toLowerCase()}. Answer by ${until}.`),
    el('p', {},
      button('Accept', () => answer('acceptInvitation', input, `You have a place ${at} “${invitation.targetName}” now.`), 'main'),
      button('Decline', () => answer('declineInvitation', input, 'You declined. Nothing is shared with you.'))),
  ];
}

async function answer(name, input, told) {
  const type = name.charAt(0).toUpperCase() + name.slice(1);
  await deed(name, `mutation Answer($input: ${type}Input!) { ${name}(input: $input) { invitation { id status } errors { message } } }`, { input });
  tell(told);
  show(el('p', {}, el('a', { href: '/invitations' }, 'Your other invitations')));
}

/** Who was invited and has no account makes one, with the address that the invitation went to. */
const join = form(newAccount, 'Make an account', async ({ email, username, name, password, again }) => {
  checkSame({ password, again });
  await deed('signUp', `mutation SignUp($input: SignUpInput!) { signUp(input: $input) { errors { message } } }`,
    { input: { email, username, name, password, invitationToken: token } });
  tell('You have an account now. Sign in to see your invitation.');
  signIn(open);
});

function enter() {
  tell('Sign in to see your invitation.');
  signIn(open, ...token ? [el('p', {}, button('I have no account yet', () => {
    tell('Give the address that the invitation was sent to.');
    show(join);
  }))] : []);
}

function open(person) {
  return token ? byLink(person) : waiting(person);
}

void attempt(null, async () => {
  const person = await whoIsSignedIn();
  if (person) return open(person);
  enter();
});
