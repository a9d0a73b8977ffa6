# The roles of a noun are tested beside it, by what they let do. Here is only how they are looked up.
package keyhall.roles_test

import data.keyhall.roles

column := {"HEAD": {"see", "cut"}, "HAND": {"see"}, "FOOT": set()}

test_verb_of_one_role if roles.with_verb(column, "cut") == {"HEAD"}

test_verb_of_two_roles if roles.with_verb(column, "see") == {"HEAD", "HAND"}

test_verb_of_no_role_is_undefined if not roles.with_verb(column, "fly")

test_column_without_roles_is_undefined if not roles.with_verb({}, "see")
