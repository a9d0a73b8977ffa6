package gqlhttp

// The closed lists of sentences, read by compile. Left of the arrow is what gqlparser v2.5.64 says.

const parseSentences = `
exceeded token limit of {any} => The document has more tokens than the limit of 2000.
exceeded maximum nesting depth of {any} => The document is nested too deeply.
Unexpected <Invalid>{any} => Unexpected character, or a malformed number or string.
Expected {word}, found <Invalid> => Unexpected character, or a malformed number or string.
Expected {word}, found {word}
Expected "{name}", found {any} => Expected "$1".
Unexpected Name {any} => Unexpected name.
Unexpected {word}
Unexpected {word} {any} => Unexpected value.
Unterminated string.
expected at least one definition, found {word}
Cannot contain the invalid character {any} => Unexpected character.
Cannot parse the unexpected character {any} => Unexpected character.
Unexpected single quote character {any} => Use double quotes for a string.
Invalid number, {any} => This is not a number.
Invalid character within String: {any} => A string holds an invalid character.
Invalid character escape sequence{any} => A string holds an invalid escape sequence.`

const validationSentences = `
no operation provided => The document holds no operation.
Cannot query field "{name}" on type "{name}".
Unknown argument "{name}" on field "{name}.{name}".
Unknown argument "{name}" on directive "@{name}".
Unknown type "{name}".
Unknown fragment "{name}".
Unknown directive "@{name}".
Directive "@{name}" may not be used on {name}.
The directive "@{name}" can only be used once at this location.
Directive "@{name}" argument "{name}" of type "{type}" is required, but it was not provided.
Field "{name}" argument "{name}" of type "{type}" is required, but it was not provided.
Field "{name}" must not have a selection since type "{type}" has no subfields.
Field "{name}" of type "{type}" must have a selection of subfields.
Field "{name}.{name}" of required type "{type}" was not provided.
Field "{name}.{name}" must be non-null.
Field "{name}" is not defined by type "{name}".
OneOf Input Object "{name}" must specify exactly one key.
Expected value of type "{type}", found {any} => Expected a value of type "$1".
Int cannot represent non 32-bit signed integer value: {any} => Expected a value of type "Int" of 32 bits.
Int cannot represent non-integer value: {any} => Expected a value of type "Int".
String cannot represent a non string value: {any} => Expected a value of type "String".
Boolean cannot represent a non boolean value: {any} => Expected a value of type "Boolean".
Float cannot represent non numeric value: {any} => Expected a value of type "Float".
ID cannot represent a non-string and non-integer value: {any} => Expected a value of type "ID".
Enum "{type}" cannot represent non-enum value: {any} => Expected a value of type "$1".
Value "{any}" does not exist in "{type}" enum. => Expected a value of type "$1".
Variable "${name}" is never used.
Variable "${name}" is never used in operation "{name}".
Variable "${name}" is not defined.
Variable "${name}" is not defined by operation "{name}".
Variable "${name}" of type "{type}" used in position expecting type "{type}".
Variable "${name}" is of type "{type}" but must be non-nullable to be used for OneOf Input Object "{name}".
Variable "${name}" cannot be non-input type "{type}".
There can be only one variable named "${name}".
There can be only one argument named "{name}".
There can be only one input field named "{name}".
There can be only one fragment named "{name}".
There can be only one operation named "{name}".
This anonymous operation must be the only defined operation.
Schema does not support operation type "{name}"
Fragment "{name}" is never used.
Fragment "{name}" cannot condition on non composite type "{name}".
Fragment cannot condition on non composite type "{name}".
Fragment cannot be spread here as objects of type "{name}" can never be of type "{name}".
Fragment "{name}" cannot be spread here as objects of type "{name}" can never be of type "{name}".
Cannot spread fragment "{name}" within itself{any} => Cannot spread fragment "$1" within itself.
Fields "{name}" conflict because {any} => Fields "$1" conflict: give them different aliases to fetch both.
Anonymous Subscription must select only one top level field.
Subscription "{name}" must select only one top level field.
Anonymous Subscription must not select an introspection top level field.
Subscription "{name}" must not select an introspection top level field.
Maximum introspection depth exceeded`

const variableSentences = `
must be defined => is required.
cannot be null => must not be null.
must an input type => is not of an input type.
unknown field => is not a field of its type.
must be a {name}, not a {word} => must be an object of type "$1".
enums must be ints or strings => is not a value of its enum.
{any} is not a valid {name} => is not a value of the enum "$1".
cannot use {word} as {name} => is not a valid "$1".
cannot use value {any} as {name} => is not a valid "$1".`
