package graph

// replays says of each mutation what its answer is when it was done already; nil: the key means nothing to it, and it runs
// anew. A mutation that is not here refuses a key. What is shown is read with the rights of now: whoever lost the thing gets
// NOT_FOUND and, where `still` asks, whoever lost the permission gets FORBIDDEN, as for a new request.
func replays() map[string]replay {
	return map[string]replay{
		"signUp":  nil, // nobody is there yet whose key it could be; a known address answers alike anyway
		"signIn":  nil, // the same; and a cookie is never given out twice
		"signOut": nil, // ends the session that asks, whichever that is

		"verifyEmail":          nil, // the link works once
		"resendVerification":   nil, // nobody is there whose key it could be, and every answer is alike
		"requestPasswordReset": nil, // the same
		"resetPassword":        nil, // the link works once
		"changePassword":       nil, // the password that it replaces works once

		"updateProfile": again(updatedProfile),

		"createAPIKey":        again(createdKey),
		"updateAPIKey":        again(updatedKey),
		"revealAPIKeySecret":  again(revealedSecret),
		"rotateAPIKey":        again(rotatedKey),
		"rotateAPIKeySecret":  again(rotatedSecret),
		"markAPIKeyExposed":   again(exposedKey),
		"moveAPIKeyToProject": again(movedKey),
		"disableAPIKey":       again(disabledKey),
		"enableAPIKey":        again(enabledKey),
		"deleteAPIKey":        again(deletedKey),

		"updateSecuritySettings": again(editedSecurity),

		"updateLimits": again(editedLimits),

		"inviteCollaborators":    again(invited),
		"acceptInvitation":       again(accepted),
		"declineInvitation":      again(declined),
		"openInvitation":         nil, // changes nothing
		"resendInvitation":       again(resentInvitation),
		"revokeInvitation":       again(revokedInvitation),
		"updateCollaboratorRole": again(updatedRole),
		"removeCollaborator":     again(removedCollaborator),
		"leaveAPIKey":            again(left),

		"createSecret":         again(createdSecret),
		"updateSecret":         again(updatedSecret),
		"revealSecret":         again(revealedValue),
		"shareSecrets":         again(sharedSecrets),
		"disableSecrets":       again(disabledSecrets),
		"enableSecrets":        again(enabledSecrets),
		"deleteSecret":         again(deletedSecret),
		"leaveSecret":          again(leftSecret),
		"restoreSecretVersion": again(restoredSecret),
		"unshareSecret":        again(unsharedSecret),

		"createShareLink": again(createdLink),
		"resendShareLink": again(resentLink),
		"revokeShareLink": again(revokedLink),
		"openShareLink":   nil, // whoever has the link need have no account; each opening uses up a view

		"createGroup":       again(createdGroup),
		"updateGroup":       again(updatedGroup),
		"deleteGroup":       again(deletedGroup),
		"addGroupMembers":   again(addedMembers),
		"removeGroupMember": again(removedMember),
		"leaveGroup":        again(leftGroup),

		"createOrganization":       again(createdOrganization),
		"updateOrganization":       again(updatedOrganization),
		"deleteOrganization":       again(deletedOrganization),
		"inviteToOrganization":     again(invitedToOrganization),
		"updateOrganizationMember": again(updatedOrganizationMember),
		"createProject":            again(createdProject),
		"updateProject":            again(updatedProject),
		"archiveProject":           again(archivedProject),
		"unarchiveProject":         again(unarchivedProject),
		"addProjectMember":         again(addedProjectMember),
		"updateProjectMember":      again(updatedProjectMember),
		"removeProjectMember":      again(removedProjectMember),

		"createServiceAccount":  again(createdServiceAccount),
		"disableServiceAccount": again(disabledServiceAccount),
		"enableServiceAccount":  again(enabledServiceAccount),
		"createVerifierToken":   again(createdVerifierToken),
		"revokeVerifierToken":   again(revokedVerifierToken),

		"leaveOrganization":        again(leftOrganization),
		"removeOrganizationMember": again(removedFromOrganization),

		"createAccessToken": again(createdToken),
		"revokeAccessToken": again(revokedToken),
		"revokeSession":     again(revokedSession),
		"setUserStatus":     again(statusSet),
	}
}
