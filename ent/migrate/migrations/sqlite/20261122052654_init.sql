-- +goose Up
-- create "api_keys" table
CREATE TABLE `api_keys` (`id` text NOT NULL, `created_at` integer NOT NULL, `name` text NOT NULL, `description` text NOT NULL DEFAULT (''), `tags` json NOT NULL, `kind` text NOT NULL, `start` text NOT NULL, `scopes` json NOT NULL, `expires_at` integer NOT NULL DEFAULT (0), `last_used_at` integer NOT NULL DEFAULT (0), `disabled_at` integer NOT NULL DEFAULT (0), `disabled_by_id` text NULL, `disabled_as` text NOT NULL DEFAULT (''), `metering` text NOT NULL DEFAULT ('BEST_EFFORT'), `reminded_days` integer NOT NULL DEFAULT (0), `grace_expires_at` integer NOT NULL DEFAULT (0), `replaces_id` text NULL, `project_id` text NOT NULL, `service_account_id` text NULL, `owner_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `api_keys_api_keys_replaced_by` FOREIGN KEY (`replaces_id`) REFERENCES `api_keys` (`id`) ON DELETE SET NULL, CONSTRAINT `api_keys_projects_api_keys` FOREIGN KEY (`project_id`) REFERENCES `projects` (`id`) ON DELETE NO ACTION, CONSTRAINT `api_keys_service_accounts_api_keys` FOREIGN KEY (`service_account_id`) REFERENCES `service_accounts` (`id`) ON DELETE SET NULL, CONSTRAINT `api_keys_users_owned_api_keys` FOREIGN KEY (`owner_id`) REFERENCES `users` (`id`) ON DELETE SET NULL);
-- create index "api_keys_replaces_id_key" to table: "api_keys"
CREATE UNIQUE INDEX `api_keys_replaces_id_key` ON `api_keys` (`replaces_id`);
-- create index "apikey_created_at_id" to table: "api_keys"
CREATE INDEX `apikey_created_at_id` ON `api_keys` (`created_at`, `id`);
-- create index "apikey_owner_id_project_id" to table: "api_keys"
CREATE INDEX `apikey_owner_id_project_id` ON `api_keys` (`owner_id`, `project_id`);
-- create index "apikey_project_id_kind" to table: "api_keys"
CREATE INDEX `apikey_project_id_kind` ON `api_keys` (`project_id`, `kind`);
-- create index "apikey_service_account_id" to table: "api_keys"
CREATE INDEX `apikey_service_account_id` ON `api_keys` (`service_account_id`);
-- create index "apikey_expires_at" to table: "api_keys"
CREATE INDEX `apikey_expires_at` ON `api_keys` (`expires_at`);
-- create index "apikey_name_id" to table: "api_keys"
CREATE INDEX `apikey_name_id` ON `api_keys` (`name`, `id`);
-- create index "apikey_last_used_at_id" to table: "api_keys"
CREATE INDEX `apikey_last_used_at_id` ON `api_keys` (`last_used_at`, `id`);
-- create "api_key_hashes" table
CREATE TABLE `api_key_hashes` (`id` text NOT NULL, `created_at` integer NOT NULL, `api_key_id` text NOT NULL, `lookup` text NOT NULL, `hash` blob NOT NULL, `pepper_id` text NOT NULL, PRIMARY KEY (`id`));
-- create index "api_key_hashes_api_key_id_key" to table: "api_key_hashes"
CREATE UNIQUE INDEX `api_key_hashes_api_key_id_key` ON `api_key_hashes` (`api_key_id`);
-- create index "api_key_hashes_lookup_key" to table: "api_key_hashes"
CREATE UNIQUE INDEX `api_key_hashes_lookup_key` ON `api_key_hashes` (`lookup`);
-- create index "apikeyhash_created_at_id" to table: "api_key_hashes"
CREATE INDEX `apikeyhash_created_at_id` ON `api_key_hashes` (`created_at`, `id`);
-- create "access_tokens" table
CREATE TABLE `access_tokens` (`id` text NOT NULL, `created_at` integer NOT NULL, `name` text NOT NULL, `start` text NOT NULL, `lookup` text NOT NULL, `hash` blob NOT NULL, `pepper_id` text NOT NULL, `permissions` json NULL, `expires_at` integer NOT NULL DEFAULT (0), `last_used_at` integer NOT NULL DEFAULT (0), `user_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `access_tokens_users_access_tokens` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE NO ACTION);
-- create index "access_tokens_lookup_key" to table: "access_tokens"
CREATE UNIQUE INDEX `access_tokens_lookup_key` ON `access_tokens` (`lookup`);
-- create index "accesstoken_created_at_id" to table: "access_tokens"
CREATE INDEX `accesstoken_created_at_id` ON `access_tokens` (`created_at`, `id`);
-- create index "accesstoken_user_id" to table: "access_tokens"
CREATE INDEX `accesstoken_user_id` ON `access_tokens` (`user_id`);
-- create "audit_events" table
CREATE TABLE `audit_events` (`id` text NOT NULL, `created_at` integer NOT NULL, `project_id` text NULL, `type` text NOT NULL, `permission` text NOT NULL DEFAULT (''), `outcome` text NOT NULL, `actor_kind` text NOT NULL, `actor_id` text NULL, `actor_name` text NOT NULL DEFAULT (''), `resource_type` text NOT NULL DEFAULT (''), `resource_id` text NOT NULL DEFAULT (''), `resource_name` text NOT NULL DEFAULT (''), `reasons` json NOT NULL, `policy_revision` text NOT NULL DEFAULT (''), `ip` text NOT NULL DEFAULT (''), `user_agent` text NOT NULL DEFAULT (''), `request_id` text NOT NULL DEFAULT (''), `repeated` integer NOT NULL DEFAULT (1), `changes` json NOT NULL, `organization_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `audit_events_organizations_audit_events` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON DELETE SET NULL);
-- create index "auditevent_created_at_id" to table: "audit_events"
CREATE INDEX `auditevent_created_at_id` ON `audit_events` (`created_at`, `id`);
-- create index "auditevent_organization_id_created_at_id" to table: "audit_events"
CREATE INDEX `auditevent_organization_id_created_at_id` ON `audit_events` (`organization_id`, `created_at`, `id`);
-- create index "auditevent_organization_id_type_created_at_id" to table: "audit_events"
CREATE INDEX `auditevent_organization_id_type_created_at_id` ON `audit_events` (`organization_id`, `type`, `created_at`, `id`);
-- create index "auditevent_organization_id_outcome_created_at_id" to table: "audit_events"
CREATE INDEX `auditevent_organization_id_outcome_created_at_id` ON `audit_events` (`organization_id`, `outcome`, `created_at`, `id`);
-- create index "auditevent_organization_id_project_id_created_at_id" to table: "audit_events"
CREATE INDEX `auditevent_organization_id_project_id_created_at_id` ON `audit_events` (`organization_id`, `project_id`, `created_at`, `id`);
-- create index "auditevent_organization_id_actor_id_created_at_id" to table: "audit_events"
CREATE INDEX `auditevent_organization_id_actor_id_created_at_id` ON `audit_events` (`organization_id`, `actor_id`, `created_at`, `id`);
-- create index "auditevent_resource_id_created_at_id" to table: "audit_events"
CREATE INDEX `auditevent_resource_id_created_at_id` ON `audit_events` (`resource_id`, `created_at`, `id`);
-- create "collaborators" table
CREATE TABLE `collaborators` (`id` text NOT NULL, `created_at` integer NOT NULL, `role` text NOT NULL, `api_key_id` text NOT NULL, `added_by_id` text NULL, `user_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `collaborators_api_keys_collaborators` FOREIGN KEY (`api_key_id`) REFERENCES `api_keys` (`id`) ON DELETE NO ACTION, CONSTRAINT `collaborators_users_added_by` FOREIGN KEY (`added_by_id`) REFERENCES `users` (`id`) ON DELETE SET NULL, CONSTRAINT `collaborators_users_collaborations` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE NO ACTION);
-- create index "collaborator_created_at_id" to table: "collaborators"
CREATE INDEX `collaborator_created_at_id` ON `collaborators` (`created_at`, `id`);
-- create index "collaborator_user_id_api_key_id_role" to table: "collaborators"
CREATE INDEX `collaborator_user_id_api_key_id_role` ON `collaborators` (`user_id`, `api_key_id`, `role`);
-- create index "collaborator_api_key_id_user_id" to table: "collaborators"
CREATE UNIQUE INDEX `collaborator_api_key_id_user_id` ON `collaborators` (`api_key_id`, `user_id`);
-- create "credentials" table
CREATE TABLE `credentials` (`id` text NOT NULL, `created_at` integer NOT NULL, `user_id` text NOT NULL, `password_hash` text NOT NULL, `changed_at` integer NOT NULL DEFAULT (0), `verify_generation` integer NOT NULL DEFAULT (0), `verify_until` integer NOT NULL DEFAULT (0), `reset_generation` integer NOT NULL DEFAULT (0), `reset_until` integer NOT NULL DEFAULT (0), `links_since` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- create index "credentials_user_id_key" to table: "credentials"
CREATE UNIQUE INDEX `credentials_user_id_key` ON `credentials` (`user_id`);
-- create index "credential_created_at_id" to table: "credentials"
CREATE INDEX `credential_created_at_id` ON `credentials` (`created_at`, `id`);
-- create "epoches" table
CREATE TABLE `epoches` (`id` text NOT NULL, `created_at` integer NOT NULL, `only` integer NOT NULL, `number` integer NOT NULL, PRIMARY KEY (`id`));
-- create index "epoches_only_key" to table: "epoches"
CREATE UNIQUE INDEX `epoches_only_key` ON `epoches` (`only`);
-- create index "epoch_created_at_id" to table: "epoches"
CREATE INDEX `epoch_created_at_id` ON `epoches` (`created_at`, `id`);
-- create "groups" table
CREATE TABLE `groups` (`id` text NOT NULL, `created_at` integer NOT NULL, `name` text NOT NULL, `description` text NOT NULL DEFAULT (''), `status` text NOT NULL DEFAULT ('ENABLED'), `members_can_view` bool NOT NULL DEFAULT (false), `organization_id` text NOT NULL, `owner_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `groups_organizations_groups` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON DELETE NO ACTION, CONSTRAINT `groups_users_owned_groups` FOREIGN KEY (`owner_id`) REFERENCES `users` (`id`) ON DELETE NO ACTION);
-- create index "group_created_at_id" to table: "groups"
CREATE INDEX `group_created_at_id` ON `groups` (`created_at`, `id`);
-- create index "group_owner_id_organization_id" to table: "groups"
CREATE INDEX `group_owner_id_organization_id` ON `groups` (`owner_id`, `organization_id`);
-- create index "group_organization_id_name" to table: "groups"
CREATE INDEX `group_organization_id_name` ON `groups` (`organization_id`, `name`);
-- create "group_members" table
CREATE TABLE `group_members` (`id` text NOT NULL, `created_at` integer NOT NULL, `expires_at` integer NOT NULL DEFAULT (0), `group_id` text NOT NULL, `added_by_id` text NULL, `user_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `group_members_groups_members` FOREIGN KEY (`group_id`) REFERENCES `groups` (`id`) ON DELETE NO ACTION, CONSTRAINT `group_members_users_added_by` FOREIGN KEY (`added_by_id`) REFERENCES `users` (`id`) ON DELETE SET NULL, CONSTRAINT `group_members_users_group_memberships` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE NO ACTION);
-- create index "groupmember_created_at_id" to table: "group_members"
CREATE INDEX `groupmember_created_at_id` ON `group_members` (`created_at`, `id`);
-- create index "groupmember_user_id_group_id_expires_at" to table: "group_members"
CREATE INDEX `groupmember_user_id_group_id_expires_at` ON `group_members` (`user_id`, `group_id`, `expires_at`);
-- create index "groupmember_group_id_user_id" to table: "group_members"
CREATE UNIQUE INDEX `groupmember_group_id_user_id` ON `group_members` (`group_id`, `user_id`);
-- create "idempotency_keys" table
CREATE TABLE `idempotency_keys` (`id` text NOT NULL, `created_at` integer NOT NULL, `lookup` text NOT NULL, `user_id` text NOT NULL, `mutation` text NOT NULL, `fingerprint` blob NOT NULL, `pepper_id` text NOT NULL, `subject_id` text NOT NULL DEFAULT (''), `made_id` text NOT NULL DEFAULT (''), `part_id` text NOT NULL DEFAULT (''), `outcomes` json NULL, `expires_at` integer NOT NULL, PRIMARY KEY (`id`));
-- create index "idempotency_keys_lookup_key" to table: "idempotency_keys"
CREATE UNIQUE INDEX `idempotency_keys_lookup_key` ON `idempotency_keys` (`lookup`);
-- create index "idempotencykey_created_at_id" to table: "idempotency_keys"
CREATE INDEX `idempotencykey_created_at_id` ON `idempotency_keys` (`created_at`, `id`);
-- create index "idempotencykey_expires_at" to table: "idempotency_keys"
CREATE INDEX `idempotencykey_expires_at` ON `idempotency_keys` (`expires_at`);
-- create "instances" table
CREATE TABLE `instances` (`id` text NOT NULL, `created_at` integer NOT NULL, `only` integer NOT NULL, `check_wrapped_key` blob NOT NULL, `check_ciphertext` blob NOT NULL, `check_keyset_id` text NOT NULL, `check_ids` json NOT NULL, PRIMARY KEY (`id`));
-- create index "instances_only_key" to table: "instances"
CREATE UNIQUE INDEX `instances_only_key` ON `instances` (`only`);
-- create index "instance_created_at_id" to table: "instances"
CREATE INDEX `instance_created_at_id` ON `instances` (`created_at`, `id`);
-- create "invitations" table
CREATE TABLE `invitations` (`id` text NOT NULL, `created_at` integer NOT NULL, `email` text NOT NULL, `role` text NOT NULL, `status` text NOT NULL DEFAULT ('PENDING'), `target_name` text NOT NULL, `sent_at` integer NOT NULL DEFAULT (0), `delivery` text NOT NULL DEFAULT ('NOT_CONFIGURED'), `resend_count` integer NOT NULL DEFAULT (0), `expires_at` integer NOT NULL, `settled_at` integer NOT NULL DEFAULT (0), `api_key_id` text NULL, `organization_id` text NULL, `invited_by_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `invitations_api_keys_invitations` FOREIGN KEY (`api_key_id`) REFERENCES `api_keys` (`id`) ON DELETE SET NULL, CONSTRAINT `invitations_organizations_invitations` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON DELETE SET NULL, CONSTRAINT `invitations_users_sent_invitations` FOREIGN KEY (`invited_by_id`) REFERENCES `users` (`id`) ON DELETE NO ACTION);
-- create index "invitation_created_at_id" to table: "invitations"
CREATE INDEX `invitation_created_at_id` ON `invitations` (`created_at`, `id`);
-- create index "invitation_email_status" to table: "invitations"
CREATE INDEX `invitation_email_status` ON `invitations` (`email`, `status`);
-- create index "invitation_api_key_id_status" to table: "invitations"
CREATE INDEX `invitation_api_key_id_status` ON `invitations` (`api_key_id`, `status`);
-- create index "invitation_organization_id_status" to table: "invitations"
CREATE INDEX `invitation_organization_id_status` ON `invitations` (`organization_id`, `status`);
-- create index "invitation_invited_by_id" to table: "invitations"
CREATE INDEX `invitation_invited_by_id` ON `invitations` (`invited_by_id`);
-- create "invitation_projects" table
CREATE TABLE `invitation_projects` (`id` text NOT NULL, `created_at` integer NOT NULL, `role` text NOT NULL, `invitation_id` text NOT NULL, `project_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `invitation_projects_invitations_projects` FOREIGN KEY (`invitation_id`) REFERENCES `invitations` (`id`) ON DELETE NO ACTION, CONSTRAINT `invitation_projects_projects_invited` FOREIGN KEY (`project_id`) REFERENCES `projects` (`id`) ON DELETE NO ACTION);
-- create index "invitationproject_created_at_id" to table: "invitation_projects"
CREATE INDEX `invitationproject_created_at_id` ON `invitation_projects` (`created_at`, `id`);
-- create index "invitationproject_invitation_id_project_id" to table: "invitation_projects"
CREATE UNIQUE INDEX `invitationproject_invitation_id_project_id` ON `invitation_projects` (`invitation_id`, `project_id`);
-- create index "invitationproject_project_id" to table: "invitation_projects"
CREATE INDEX `invitationproject_project_id` ON `invitation_projects` (`project_id`);
-- create "jwt_keys" table
CREATE TABLE `jwt_keys` (`id` text NOT NULL, `created_at` integer NOT NULL, `name` text NOT NULL, `algorithm` text NOT NULL, `fingerprint` text NOT NULL, `public_key_pem` text NOT NULL, `position` integer NOT NULL, `api_key_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `jwt_keys_api_keys_jwt_keys` FOREIGN KEY (`api_key_id`) REFERENCES `api_keys` (`id`) ON DELETE NO ACTION);
-- create index "jwtkey_created_at_id" to table: "jwt_keys"
CREATE INDEX `jwtkey_created_at_id` ON `jwt_keys` (`created_at`, `id`);
-- create index "jwtkey_api_key_id_fingerprint" to table: "jwt_keys"
CREATE UNIQUE INDEX `jwtkey_api_key_id_fingerprint` ON `jwt_keys` (`api_key_id`, `fingerprint`);
-- create "mails" table
CREATE TABLE `mails` (`id` text NOT NULL, `created_at` integer NOT NULL, `kind` text NOT NULL, `recipient` text NOT NULL, `user_id` text NOT NULL DEFAULT (''), `resource_id` text NOT NULL DEFAULT (''), `within_id` text NOT NULL DEFAULT (''), `generation` integer NOT NULL DEFAULT (0), `name` text NOT NULL DEFAULT (''), `actor_name` text NOT NULL DEFAULT (''), `role` text NOT NULL DEFAULT (''), `state` text NOT NULL, `attempts` integer NOT NULL DEFAULT (0), `next_attempt_at` integer NOT NULL DEFAULT (0), `sent_at` integer NOT NULL DEFAULT (0), `last_error` text NOT NULL DEFAULT (''), PRIMARY KEY (`id`));
-- create index "mail_created_at_id" to table: "mails"
CREATE INDEX `mail_created_at_id` ON `mails` (`created_at`, `id`);
-- create index "mail_state_next_attempt_at" to table: "mails"
CREATE INDEX `mail_state_next_attempt_at` ON `mails` (`state`, `next_attempt_at`);
-- create index "mail_resource_id" to table: "mails"
CREATE INDEX `mail_resource_id` ON `mails` (`resource_id`);
-- create index "mail_within_id" to table: "mails"
CREATE INDEX `mail_within_id` ON `mails` (`within_id`);
-- create "organizations" table
CREATE TABLE `organizations` (`id` text NOT NULL, `created_at` integer NOT NULL, `name` text NOT NULL, `slug` text NOT NULL, `personal` bool NOT NULL DEFAULT (false), `billing_email` text NOT NULL DEFAULT (''), PRIMARY KEY (`id`));
-- create index "organizations_slug_key" to table: "organizations"
CREATE UNIQUE INDEX `organizations_slug_key` ON `organizations` (`slug`);
-- create index "organization_created_at_id" to table: "organizations"
CREATE INDEX `organization_created_at_id` ON `organizations` (`created_at`, `id`);
-- create "organization_members" table
CREATE TABLE `organization_members` (`id` text NOT NULL, `created_at` integer NOT NULL, `role` text NOT NULL, `organization_id` text NOT NULL, `user_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `organization_members_organizations_members` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON DELETE NO ACTION, CONSTRAINT `organization_members_users_organization_memberships` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE NO ACTION);
-- create index "organizationmember_created_at_id" to table: "organization_members"
CREATE INDEX `organizationmember_created_at_id` ON `organization_members` (`created_at`, `id`);
-- create index "organizationmember_user_id_organization_id" to table: "organization_members"
CREATE UNIQUE INDEX `organizationmember_user_id_organization_id` ON `organization_members` (`user_id`, `organization_id`);
-- create index "organizationmember_organization_id_user_id_role" to table: "organization_members"
CREATE INDEX `organizationmember_organization_id_user_id_role` ON `organization_members` (`organization_id`, `user_id`, `role`);
-- create "projects" table
CREATE TABLE `projects` (`id` text NOT NULL, `created_at` integer NOT NULL, `name` text NOT NULL, `description` text NOT NULL DEFAULT (''), `environment` text NOT NULL, `is_default` bool NOT NULL DEFAULT (false), `archived_at` integer NOT NULL DEFAULT (0), `unit_price` integer NOT NULL DEFAULT (0), `currency` text NOT NULL DEFAULT ('USD'), `alert_email` text NOT NULL DEFAULT (''), `organization_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `projects_organizations_projects` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON DELETE NO ACTION);
-- create index "project_created_at_id" to table: "projects"
CREATE INDEX `project_created_at_id` ON `projects` (`created_at`, `id`);
-- create index "project_organization_id" to table: "projects"
CREATE INDEX `project_organization_id` ON `projects` (`organization_id`);
-- create "project_members" table
CREATE TABLE `project_members` (`id` text NOT NULL, `created_at` integer NOT NULL, `role` text NOT NULL, `group_id` text NULL, `project_id` text NOT NULL, `user_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `project_members_groups_project_memberships` FOREIGN KEY (`group_id`) REFERENCES `groups` (`id`) ON DELETE SET NULL, CONSTRAINT `project_members_projects_members` FOREIGN KEY (`project_id`) REFERENCES `projects` (`id`) ON DELETE NO ACTION, CONSTRAINT `project_members_users_project_memberships` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE SET NULL);
-- create index "projectmember_created_at_id" to table: "project_members"
CREATE INDEX `projectmember_created_at_id` ON `project_members` (`created_at`, `id`);
-- create index "projectmember_user_id_project_id" to table: "project_members"
CREATE UNIQUE INDEX `projectmember_user_id_project_id` ON `project_members` (`user_id`, `project_id`);
-- create index "projectmember_group_id_project_id" to table: "project_members"
CREATE UNIQUE INDEX `projectmember_group_id_project_id` ON `project_members` (`group_id`, `project_id`);
-- create index "projectmember_project_id_user_id_role" to table: "project_members"
CREATE INDEX `projectmember_project_id_user_id_role` ON `project_members` (`project_id`, `user_id`, `role`);
-- create "rate_limits" table
CREATE TABLE `rate_limits` (`id` text NOT NULL, `created_at` integer NOT NULL, `requests` integer NOT NULL, `window_seconds` integer NOT NULL, `api_key_id` text NULL, `organization_id` text NULL, `project_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `rate_limits_api_keys_rate_limits` FOREIGN KEY (`api_key_id`) REFERENCES `api_keys` (`id`) ON DELETE SET NULL, CONSTRAINT `rate_limits_organizations_rate_limits` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON DELETE SET NULL, CONSTRAINT `rate_limits_projects_rate_limits` FOREIGN KEY (`project_id`) REFERENCES `projects` (`id`) ON DELETE SET NULL);
-- create index "ratelimit_created_at_id" to table: "rate_limits"
CREATE INDEX `ratelimit_created_at_id` ON `rate_limits` (`created_at`, `id`);
-- create index "ratelimit_api_key_id_window_seconds" to table: "rate_limits"
CREATE UNIQUE INDEX `ratelimit_api_key_id_window_seconds` ON `rate_limits` (`api_key_id`, `window_seconds`);
-- create index "ratelimit_project_id_window_seconds" to table: "rate_limits"
CREATE UNIQUE INDEX `ratelimit_project_id_window_seconds` ON `rate_limits` (`project_id`, `window_seconds`);
-- create index "ratelimit_organization_id_window_seconds" to table: "rate_limits"
CREATE UNIQUE INDEX `ratelimit_organization_id_window_seconds` ON `rate_limits` (`organization_id`, `window_seconds`);
-- create "revocations" table
CREATE TABLE `revocations` (`id` text NOT NULL, `created_at` integer NOT NULL, `number` integer NOT NULL, `subject_id` text NOT NULL, PRIMARY KEY (`id`));
-- create index "revocation_created_at_id" to table: "revocations"
CREATE INDEX `revocation_created_at_id` ON `revocations` (`created_at`, `id`);
-- create index "revocation_number" to table: "revocations"
CREATE INDEX `revocation_number` ON `revocations` (`number`);
-- create "sealed_values" table
CREATE TABLE `sealed_values` (`id` text NOT NULL, `created_at` integer NOT NULL, `api_key_id` text NOT NULL, `version` integer NOT NULL, `wrapped_key` blob NOT NULL, `ciphertext` blob NOT NULL, `keyset_id` text NOT NULL, `reveal_count` integer NOT NULL DEFAULT (0), `valid_until` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- create index "sealedvalue_created_at_id" to table: "sealed_values"
CREATE INDEX `sealedvalue_created_at_id` ON `sealed_values` (`created_at`, `id`);
-- create index "sealedvalue_api_key_id_version" to table: "sealed_values"
CREATE UNIQUE INDEX `sealedvalue_api_key_id_version` ON `sealed_values` (`api_key_id`, `version`);
-- create "sealed_versions" table
CREATE TABLE `sealed_versions` (`id` text NOT NULL, `created_at` integer NOT NULL, `secret_id` text NOT NULL, `number` integer NOT NULL, `wrapped_key` blob NOT NULL, `ciphertext` blob NOT NULL, `keyset_id` text NOT NULL, PRIMARY KEY (`id`));
-- create index "sealedversion_created_at_id" to table: "sealed_versions"
CREATE INDEX `sealedversion_created_at_id` ON `sealed_versions` (`created_at`, `id`);
-- create index "sealedversion_secret_id_number" to table: "sealed_versions"
CREATE UNIQUE INDEX `sealedversion_secret_id_number` ON `sealed_versions` (`secret_id`, `number`);
-- create "secrets" table
CREATE TABLE `secrets` (`id` text NOT NULL, `created_at` integer NOT NULL, `name` text NOT NULL, `url` text NOT NULL, `client_id` text NOT NULL, `identifier` text NOT NULL DEFAULT (''), `method` text NOT NULL DEFAULT (''), `tags` json NOT NULL, `notes` text NOT NULL DEFAULT (''), `has_value` bool NOT NULL DEFAULT (false), `version` integer NOT NULL DEFAULT (1), `reason_required` bool NOT NULL DEFAULT (false), `notify_on_reveal` bool NOT NULL DEFAULT (false), `disabled_at` integer NOT NULL DEFAULT (0), `disabled_by_id` text NULL, `expires_at` integer NOT NULL DEFAULT (0), `updated_at` integer NOT NULL DEFAULT (0), `last_used_at` integer NOT NULL DEFAULT (0), `reveal_count` integer NOT NULL DEFAULT (0), `organization_id` text NOT NULL, `owner_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `secrets_organizations_secrets` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON DELETE NO ACTION, CONSTRAINT `secrets_users_owned_secrets` FOREIGN KEY (`owner_id`) REFERENCES `users` (`id`) ON DELETE NO ACTION);
-- create index "secret_created_at_id" to table: "secrets"
CREATE INDEX `secret_created_at_id` ON `secrets` (`created_at`, `id`);
-- create index "secret_owner_id_organization_id" to table: "secrets"
CREATE INDEX `secret_owner_id_organization_id` ON `secrets` (`owner_id`, `organization_id`);
-- create index "secret_organization_id" to table: "secrets"
CREATE INDEX `secret_organization_id` ON `secrets` (`organization_id`);
-- create index "secret_name_id" to table: "secrets"
CREATE INDEX `secret_name_id` ON `secrets` (`name`, `id`);
-- create index "secret_last_used_at_id" to table: "secrets"
CREATE INDEX `secret_last_used_at_id` ON `secrets` (`last_used_at`, `id`);
-- create "secret_grants" table
CREATE TABLE `secret_grants` (`id` text NOT NULL, `created_at` integer NOT NULL, `level` text NOT NULL, `expires_at` integer NOT NULL DEFAULT (0), `granted_at` integer NOT NULL DEFAULT (0), `group_id` text NULL, `secret_id` text NOT NULL, `granted_by_id` text NULL, `user_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `secret_grants_groups_secret_grants` FOREIGN KEY (`group_id`) REFERENCES `groups` (`id`) ON DELETE SET NULL, CONSTRAINT `secret_grants_secrets_grants` FOREIGN KEY (`secret_id`) REFERENCES `secrets` (`id`) ON DELETE NO ACTION, CONSTRAINT `secret_grants_users_granted_by` FOREIGN KEY (`granted_by_id`) REFERENCES `users` (`id`) ON DELETE SET NULL, CONSTRAINT `secret_grants_users_secret_grants` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE SET NULL);
-- create index "secretgrant_created_at_id" to table: "secret_grants"
CREATE INDEX `secretgrant_created_at_id` ON `secret_grants` (`created_at`, `id`);
-- create index "secretgrant_user_id_secret_id_level_expires_at" to table: "secret_grants"
CREATE INDEX `secretgrant_user_id_secret_id_level_expires_at` ON `secret_grants` (`user_id`, `secret_id`, `level`, `expires_at`);
-- create index "secretgrant_group_id_secret_id_level_expires_at" to table: "secret_grants"
CREATE INDEX `secretgrant_group_id_secret_id_level_expires_at` ON `secret_grants` (`group_id`, `secret_id`, `level`, `expires_at`);
-- create index "secretgrant_secret_id_user_id" to table: "secret_grants"
CREATE UNIQUE INDEX `secretgrant_secret_id_user_id` ON `secret_grants` (`secret_id`, `user_id`);
-- create index "secretgrant_secret_id_group_id" to table: "secret_grants"
CREATE UNIQUE INDEX `secretgrant_secret_id_group_id` ON `secret_grants` (`secret_id`, `group_id`);
-- create "secret_versions" table
CREATE TABLE `secret_versions` (`id` text NOT NULL, `created_at` integer NOT NULL, `number` integer NOT NULL, `value_of` integer NOT NULL, `has_value` bool NOT NULL DEFAULT (false), `secret_id` text NOT NULL, `created_by_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `secret_versions_secrets_versions` FOREIGN KEY (`secret_id`) REFERENCES `secrets` (`id`) ON DELETE NO ACTION, CONSTRAINT `secret_versions_users_created_by` FOREIGN KEY (`created_by_id`) REFERENCES `users` (`id`) ON DELETE SET NULL);
-- create index "secretversion_created_at_id" to table: "secret_versions"
CREATE INDEX `secretversion_created_at_id` ON `secret_versions` (`created_at`, `id`);
-- create index "secretversion_secret_id_number" to table: "secret_versions"
CREATE UNIQUE INDEX `secretversion_secret_id_number` ON `secret_versions` (`secret_id`, `number`);
-- create "security_settings" table
CREATE TABLE `security_settings` (`id` text NOT NULL, `created_at` integer NOT NULL, `require_secret` bool NOT NULL DEFAULT (false), `secret_overrides_allowlists` bool NOT NULL DEFAULT (false), `origins` json NOT NULL, `user_agents` json NOT NULL, `methods` json NOT NULL, `addresses` json NOT NULL, `require_jwt` bool NOT NULL DEFAULT (false), `api_key_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `security_settings_api_keys_security_settings` FOREIGN KEY (`api_key_id`) REFERENCES `api_keys` (`id`) ON DELETE NO ACTION);
-- create index "securitysettings_created_at_id" to table: "security_settings"
CREATE INDEX `securitysettings_created_at_id` ON `security_settings` (`created_at`, `id`);
-- create index "securitysettings_api_key_id" to table: "security_settings"
CREATE UNIQUE INDEX `securitysettings_api_key_id` ON `security_settings` (`api_key_id`);
-- create "service_accounts" table
CREATE TABLE `service_accounts` (`id` text NOT NULL, `created_at` integer NOT NULL, `name` text NOT NULL, `disabled_at` integer NOT NULL DEFAULT (0), `project_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `service_accounts_projects_service_accounts` FOREIGN KEY (`project_id`) REFERENCES `projects` (`id`) ON DELETE NO ACTION);
-- create index "serviceaccount_created_at_id" to table: "service_accounts"
CREATE INDEX `serviceaccount_created_at_id` ON `service_accounts` (`created_at`, `id`);
-- create index "serviceaccount_project_id_name" to table: "service_accounts"
CREATE UNIQUE INDEX `serviceaccount_project_id_name` ON `service_accounts` (`project_id`, `name`);
-- create "sessions" table
CREATE TABLE `sessions` (`id` text NOT NULL, `created_at` integer NOT NULL, `token_hash` text NOT NULL, `last_seen_at` integer NOT NULL DEFAULT (0), `expires_at` integer NOT NULL, `user_agent` text NOT NULL DEFAULT (''), `ip` text NOT NULL DEFAULT (''), `user_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `sessions_users_sessions` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE NO ACTION);
-- create index "sessions_token_hash_key" to table: "sessions"
CREATE UNIQUE INDEX `sessions_token_hash_key` ON `sessions` (`token_hash`);
-- create index "session_created_at_id" to table: "sessions"
CREATE INDEX `session_created_at_id` ON `sessions` (`created_at`, `id`);
-- create index "session_user_id" to table: "sessions"
CREATE INDEX `session_user_id` ON `sessions` (`user_id`);
-- create index "session_expires_at" to table: "sessions"
CREATE INDEX `session_expires_at` ON `sessions` (`expires_at`);
-- create "share_links" table
CREATE TABLE `share_links` (`id` text NOT NULL, `created_at` integer NOT NULL, `recipient_email` text NULL, `version` integer NOT NULL, `name` text NOT NULL, `client_id` text NOT NULL, `lookup` text NOT NULL, `hash` blob NOT NULL, `pepper_id` text NOT NULL, `generation` integer NOT NULL DEFAULT (1), `passphrase_hash` text NOT NULL DEFAULT (''), `passphrase_required` bool NOT NULL DEFAULT (false), `code_required` bool NOT NULL DEFAULT (false), `max_views` integer NOT NULL DEFAULT (0), `view_count` integer NOT NULL DEFAULT (0), `misses` integer NOT NULL DEFAULT (0), `tries` integer NOT NULL DEFAULT (0), `expires_at` integer NOT NULL DEFAULT (0), `revoked_at` integer NOT NULL DEFAULT (0), `last_viewed_at` integer NOT NULL DEFAULT (0), `ended_at` integer NOT NULL DEFAULT (0), `secret_id` text NOT NULL, `created_by_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `share_links_secrets_share_links` FOREIGN KEY (`secret_id`) REFERENCES `secrets` (`id`) ON DELETE NO ACTION, CONSTRAINT `share_links_users_created_by` FOREIGN KEY (`created_by_id`) REFERENCES `users` (`id`) ON DELETE NO ACTION);
-- create index "share_links_lookup_key" to table: "share_links"
CREATE UNIQUE INDEX `share_links_lookup_key` ON `share_links` (`lookup`);
-- create index "sharelink_created_at_id" to table: "share_links"
CREATE INDEX `sharelink_created_at_id` ON `share_links` (`created_at`, `id`);
-- create index "sharelink_secret_id" to table: "share_links"
CREATE INDEX `sharelink_secret_id` ON `share_links` (`secret_id`);
-- create index "sharelink_ended_at_expires_at" to table: "share_links"
CREATE INDEX `sharelink_ended_at_expires_at` ON `share_links` (`ended_at`, `expires_at`);
-- create "spend_accounts" table
CREATE TABLE `spend_accounts` (`id` text NOT NULL, `created_at` integer NOT NULL, `scope_id` text NOT NULL, `month` integer NOT NULL, `granted` integer NOT NULL DEFAULT (0), `lost` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- create index "spendaccount_created_at_id" to table: "spend_accounts"
CREATE INDEX `spendaccount_created_at_id` ON `spend_accounts` (`created_at`, `id`);
-- create index "spendaccount_scope_id_month" to table: "spend_accounts"
CREATE UNIQUE INDEX `spendaccount_scope_id_month` ON `spend_accounts` (`scope_id`, `month`);
-- create "spend_alerts" table
CREATE TABLE `spend_alerts` (`id` text NOT NULL, `created_at` integer NOT NULL, `percent` integer NOT NULL, `emails` json NOT NULL, `webhook_url` text NOT NULL DEFAULT (''), `raised_for` integer NOT NULL DEFAULT (0), `api_key_id` text NULL, `organization_id` text NULL, `project_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `spend_alerts_api_keys_spend_alerts` FOREIGN KEY (`api_key_id`) REFERENCES `api_keys` (`id`) ON DELETE SET NULL, CONSTRAINT `spend_alerts_organizations_spend_alerts` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON DELETE SET NULL, CONSTRAINT `spend_alerts_projects_spend_alerts` FOREIGN KEY (`project_id`) REFERENCES `projects` (`id`) ON DELETE SET NULL);
-- create index "spendalert_created_at_id" to table: "spend_alerts"
CREATE INDEX `spendalert_created_at_id` ON `spend_alerts` (`created_at`, `id`);
-- create index "spendalert_api_key_id" to table: "spend_alerts"
CREATE INDEX `spendalert_api_key_id` ON `spend_alerts` (`api_key_id`);
-- create index "spendalert_project_id" to table: "spend_alerts"
CREATE INDEX `spendalert_project_id` ON `spend_alerts` (`project_id`);
-- create index "spendalert_organization_id" to table: "spend_alerts"
CREATE INDEX `spendalert_organization_id` ON `spend_alerts` (`organization_id`);
-- create "spend_leases" table
CREATE TABLE `spend_leases` (`id` text NOT NULL, `created_at` integer NOT NULL, `scope_id` text NOT NULL, `month` integer NOT NULL, `holder` text NOT NULL, `amount` integer NOT NULL DEFAULT (0), `expires_at` integer NOT NULL, PRIMARY KEY (`id`));
-- create index "spendlease_created_at_id" to table: "spend_leases"
CREATE INDEX `spendlease_created_at_id` ON `spend_leases` (`created_at`, `id`);
-- create index "spendlease_scope_id_month_holder" to table: "spend_leases"
CREATE UNIQUE INDEX `spendlease_scope_id_month_holder` ON `spend_leases` (`scope_id`, `month`, `holder`);
-- create index "spendlease_expires_at" to table: "spend_leases"
CREATE INDEX `spendlease_expires_at` ON `spend_leases` (`expires_at`);
-- create "spend_limits" table
CREATE TABLE `spend_limits` (`id` text NOT NULL, `created_at` integer NOT NULL, `amount` integer NOT NULL, `currency` text NOT NULL, `api_key_id` text NULL, `organization_id` text NULL, `project_id` text NULL, PRIMARY KEY (`id`), CONSTRAINT `spend_limits_api_keys_spend_limits` FOREIGN KEY (`api_key_id`) REFERENCES `api_keys` (`id`) ON DELETE SET NULL, CONSTRAINT `spend_limits_organizations_spend_limits` FOREIGN KEY (`organization_id`) REFERENCES `organizations` (`id`) ON DELETE SET NULL, CONSTRAINT `spend_limits_projects_spend_limits` FOREIGN KEY (`project_id`) REFERENCES `projects` (`id`) ON DELETE SET NULL);
-- create index "spendlimit_created_at_id" to table: "spend_limits"
CREATE INDEX `spendlimit_created_at_id` ON `spend_limits` (`created_at`, `id`);
-- create index "spendlimit_api_key_id" to table: "spend_limits"
CREATE UNIQUE INDEX `spendlimit_api_key_id` ON `spend_limits` (`api_key_id`);
-- create index "spendlimit_project_id" to table: "spend_limits"
CREATE UNIQUE INDEX `spendlimit_project_id` ON `spend_limits` (`project_id`);
-- create index "spendlimit_organization_id" to table: "spend_limits"
CREATE UNIQUE INDEX `spendlimit_organization_id` ON `spend_limits` (`organization_id`);
-- create "usage_batches" table
CREATE TABLE `usage_batches` (`id` text NOT NULL, `created_at` integer NOT NULL, `batch` text NOT NULL, PRIMARY KEY (`id`));
-- create index "usage_batches_batch_key" to table: "usage_batches"
CREATE UNIQUE INDEX `usage_batches_batch_key` ON `usage_batches` (`batch`);
-- create index "usagebatch_created_at_id" to table: "usage_batches"
CREATE INDEX `usagebatch_created_at_id` ON `usage_batches` (`created_at`, `id`);
-- create "usage_buckets" table
CREATE TABLE `usage_buckets` (`id` text NOT NULL, `created_at` integer NOT NULL, `width` text NOT NULL, `start` integer NOT NULL, `api_key_id` text NOT NULL, `project_id` text NOT NULL, `organization_id` text NOT NULL, `environment` text NOT NULL, `member_id` text NOT NULL, `method` text NOT NULL, `outcome` text NOT NULL, `requests` integer NOT NULL, `units` integer NOT NULL, `spend` integer NOT NULL, `currency` text NOT NULL, `batch` text NOT NULL, PRIMARY KEY (`id`));
-- create index "usagebucket_created_at_id" to table: "usage_buckets"
CREATE INDEX `usagebucket_created_at_id` ON `usage_buckets` (`created_at`, `id`);
-- create index "usagebucket_api_key_id_width_start" to table: "usage_buckets"
CREATE INDEX `usagebucket_api_key_id_width_start` ON `usage_buckets` (`api_key_id`, `width`, `start`);
-- create index "usagebucket_project_id_width_start" to table: "usage_buckets"
CREATE INDEX `usagebucket_project_id_width_start` ON `usage_buckets` (`project_id`, `width`, `start`);
-- create index "usagebucket_organization_id_width_start" to table: "usage_buckets"
CREATE INDEX `usagebucket_organization_id_width_start` ON `usage_buckets` (`organization_id`, `width`, `start`);
-- create index "usagebucket_width_start" to table: "usage_buckets"
CREATE INDEX `usagebucket_width_start` ON `usage_buckets` (`width`, `start`);
-- create "usage_reports" table
CREATE TABLE `usage_reports` (`id` text NOT NULL, `created_at` integer NOT NULL, `lookup` text NOT NULL, `fingerprint` blob NOT NULL, `answer` text NOT NULL, `expires_at` integer NOT NULL, PRIMARY KEY (`id`));
-- create index "usage_reports_lookup_key" to table: "usage_reports"
CREATE UNIQUE INDEX `usage_reports_lookup_key` ON `usage_reports` (`lookup`);
-- create index "usagereport_created_at_id" to table: "usage_reports"
CREATE INDEX `usagereport_created_at_id` ON `usage_reports` (`created_at`, `id`);
-- create index "usagereport_expires_at" to table: "usage_reports"
CREATE INDEX `usagereport_expires_at` ON `usage_reports` (`expires_at`);
-- create "users" table
CREATE TABLE `users` (`id` text NOT NULL, `created_at` integer NOT NULL, `username` text NOT NULL, `name` text NOT NULL, `email` text NOT NULL, `email_verified` bool NOT NULL DEFAULT (false), `administrator` bool NOT NULL DEFAULT (false), `suspended_at` integer NOT NULL DEFAULT (0), `personal_organization_id` text NOT NULL, PRIMARY KEY (`id`));
-- create index "users_username_key" to table: "users"
CREATE UNIQUE INDEX `users_username_key` ON `users` (`username`);
-- create index "users_email_key" to table: "users"
CREATE UNIQUE INDEX `users_email_key` ON `users` (`email`);
-- create index "user_created_at_id" to table: "users"
CREATE INDEX `user_created_at_id` ON `users` (`created_at`, `id`);
-- create "verifier_tokens" table
CREATE TABLE `verifier_tokens` (`id` text NOT NULL, `created_at` integer NOT NULL, `name` text NOT NULL, `start` text NOT NULL, `lookup` text NOT NULL, `hash` blob NOT NULL, `pepper_id` text NOT NULL, `last_used_at` integer NOT NULL DEFAULT (0), `project_id` text NOT NULL, `created_by_id` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `verifier_tokens_projects_verifier_tokens` FOREIGN KEY (`project_id`) REFERENCES `projects` (`id`) ON DELETE NO ACTION, CONSTRAINT `verifier_tokens_users_created_by` FOREIGN KEY (`created_by_id`) REFERENCES `users` (`id`) ON DELETE NO ACTION);
-- create index "verifier_tokens_lookup_key" to table: "verifier_tokens"
CREATE UNIQUE INDEX `verifier_tokens_lookup_key` ON `verifier_tokens` (`lookup`);
-- create index "verifiertoken_created_at_id" to table: "verifier_tokens"
CREATE INDEX `verifiertoken_created_at_id` ON `verifier_tokens` (`created_at`, `id`);
-- create index "verifiertoken_project_id" to table: "verifier_tokens"
CREATE INDEX `verifiertoken_project_id` ON `verifier_tokens` (`project_id`);
-- create "webhooks" table
CREATE TABLE `webhooks` (`id` text NOT NULL, `created_at` integer NOT NULL, `alert_id` text NOT NULL, `url` text NOT NULL, `body` text NOT NULL, `state` text NOT NULL DEFAULT ('QUEUED'), `attempts` integer NOT NULL DEFAULT (0), `next_attempt_at` integer NOT NULL DEFAULT (0), `last_error` text NOT NULL DEFAULT (''), PRIMARY KEY (`id`));
-- create index "webhook_created_at_id" to table: "webhooks"
CREATE INDEX `webhook_created_at_id` ON `webhooks` (`created_at`, `id`);
-- create index "webhook_state_next_attempt_at" to table: "webhooks"
CREATE INDEX `webhook_state_next_attempt_at` ON `webhooks` (`state`, `next_attempt_at`);
-- create index "webhook_alert_id" to table: "webhooks"
CREATE INDEX `webhook_alert_id` ON `webhooks` (`alert_id`);

-- +goose Down
-- reverse: create index "webhook_alert_id" to table: "webhooks"
DROP INDEX `webhook_alert_id`;
-- reverse: create index "webhook_state_next_attempt_at" to table: "webhooks"
DROP INDEX `webhook_state_next_attempt_at`;
-- reverse: create index "webhook_created_at_id" to table: "webhooks"
DROP INDEX `webhook_created_at_id`;
-- reverse: create "webhooks" table
DROP TABLE `webhooks`;
-- reverse: create index "verifiertoken_project_id" to table: "verifier_tokens"
DROP INDEX `verifiertoken_project_id`;
-- reverse: create index "verifiertoken_created_at_id" to table: "verifier_tokens"
DROP INDEX `verifiertoken_created_at_id`;
-- reverse: create index "verifier_tokens_lookup_key" to table: "verifier_tokens"
DROP INDEX `verifier_tokens_lookup_key`;
-- reverse: create "verifier_tokens" table
DROP TABLE `verifier_tokens`;
-- reverse: create index "user_created_at_id" to table: "users"
DROP INDEX `user_created_at_id`;
-- reverse: create index "users_email_key" to table: "users"
DROP INDEX `users_email_key`;
-- reverse: create index "users_username_key" to table: "users"
DROP INDEX `users_username_key`;
-- reverse: create "users" table
DROP TABLE `users`;
-- reverse: create index "usagereport_expires_at" to table: "usage_reports"
DROP INDEX `usagereport_expires_at`;
-- reverse: create index "usagereport_created_at_id" to table: "usage_reports"
DROP INDEX `usagereport_created_at_id`;
-- reverse: create index "usage_reports_lookup_key" to table: "usage_reports"
DROP INDEX `usage_reports_lookup_key`;
-- reverse: create "usage_reports" table
DROP TABLE `usage_reports`;
-- reverse: create index "usagebucket_width_start" to table: "usage_buckets"
DROP INDEX `usagebucket_width_start`;
-- reverse: create index "usagebucket_organization_id_width_start" to table: "usage_buckets"
DROP INDEX `usagebucket_organization_id_width_start`;
-- reverse: create index "usagebucket_project_id_width_start" to table: "usage_buckets"
DROP INDEX `usagebucket_project_id_width_start`;
-- reverse: create index "usagebucket_api_key_id_width_start" to table: "usage_buckets"
DROP INDEX `usagebucket_api_key_id_width_start`;
-- reverse: create index "usagebucket_created_at_id" to table: "usage_buckets"
DROP INDEX `usagebucket_created_at_id`;
-- reverse: create "usage_buckets" table
DROP TABLE `usage_buckets`;
-- reverse: create index "usagebatch_created_at_id" to table: "usage_batches"
DROP INDEX `usagebatch_created_at_id`;
-- reverse: create index "usage_batches_batch_key" to table: "usage_batches"
DROP INDEX `usage_batches_batch_key`;
-- reverse: create "usage_batches" table
DROP TABLE `usage_batches`;
-- reverse: create index "spendlimit_organization_id" to table: "spend_limits"
DROP INDEX `spendlimit_organization_id`;
-- reverse: create index "spendlimit_project_id" to table: "spend_limits"
DROP INDEX `spendlimit_project_id`;
-- reverse: create index "spendlimit_api_key_id" to table: "spend_limits"
DROP INDEX `spendlimit_api_key_id`;
-- reverse: create index "spendlimit_created_at_id" to table: "spend_limits"
DROP INDEX `spendlimit_created_at_id`;
-- reverse: create "spend_limits" table
DROP TABLE `spend_limits`;
-- reverse: create index "spendlease_expires_at" to table: "spend_leases"
DROP INDEX `spendlease_expires_at`;
-- reverse: create index "spendlease_scope_id_month_holder" to table: "spend_leases"
DROP INDEX `spendlease_scope_id_month_holder`;
-- reverse: create index "spendlease_created_at_id" to table: "spend_leases"
DROP INDEX `spendlease_created_at_id`;
-- reverse: create "spend_leases" table
DROP TABLE `spend_leases`;
-- reverse: create index "spendalert_organization_id" to table: "spend_alerts"
DROP INDEX `spendalert_organization_id`;
-- reverse: create index "spendalert_project_id" to table: "spend_alerts"
DROP INDEX `spendalert_project_id`;
-- reverse: create index "spendalert_api_key_id" to table: "spend_alerts"
DROP INDEX `spendalert_api_key_id`;
-- reverse: create index "spendalert_created_at_id" to table: "spend_alerts"
DROP INDEX `spendalert_created_at_id`;
-- reverse: create "spend_alerts" table
DROP TABLE `spend_alerts`;
-- reverse: create index "spendaccount_scope_id_month" to table: "spend_accounts"
DROP INDEX `spendaccount_scope_id_month`;
-- reverse: create index "spendaccount_created_at_id" to table: "spend_accounts"
DROP INDEX `spendaccount_created_at_id`;
-- reverse: create "spend_accounts" table
DROP TABLE `spend_accounts`;
-- reverse: create index "sharelink_ended_at_expires_at" to table: "share_links"
DROP INDEX `sharelink_ended_at_expires_at`;
-- reverse: create index "sharelink_secret_id" to table: "share_links"
DROP INDEX `sharelink_secret_id`;
-- reverse: create index "sharelink_created_at_id" to table: "share_links"
DROP INDEX `sharelink_created_at_id`;
-- reverse: create index "share_links_lookup_key" to table: "share_links"
DROP INDEX `share_links_lookup_key`;
-- reverse: create "share_links" table
DROP TABLE `share_links`;
-- reverse: create index "session_expires_at" to table: "sessions"
DROP INDEX `session_expires_at`;
-- reverse: create index "session_user_id" to table: "sessions"
DROP INDEX `session_user_id`;
-- reverse: create index "session_created_at_id" to table: "sessions"
DROP INDEX `session_created_at_id`;
-- reverse: create index "sessions_token_hash_key" to table: "sessions"
DROP INDEX `sessions_token_hash_key`;
-- reverse: create "sessions" table
DROP TABLE `sessions`;
-- reverse: create index "serviceaccount_project_id_name" to table: "service_accounts"
DROP INDEX `serviceaccount_project_id_name`;
-- reverse: create index "serviceaccount_created_at_id" to table: "service_accounts"
DROP INDEX `serviceaccount_created_at_id`;
-- reverse: create "service_accounts" table
DROP TABLE `service_accounts`;
-- reverse: create index "securitysettings_api_key_id" to table: "security_settings"
DROP INDEX `securitysettings_api_key_id`;
-- reverse: create index "securitysettings_created_at_id" to table: "security_settings"
DROP INDEX `securitysettings_created_at_id`;
-- reverse: create "security_settings" table
DROP TABLE `security_settings`;
-- reverse: create index "secretversion_secret_id_number" to table: "secret_versions"
DROP INDEX `secretversion_secret_id_number`;
-- reverse: create index "secretversion_created_at_id" to table: "secret_versions"
DROP INDEX `secretversion_created_at_id`;
-- reverse: create "secret_versions" table
DROP TABLE `secret_versions`;
-- reverse: create index "secretgrant_secret_id_group_id" to table: "secret_grants"
DROP INDEX `secretgrant_secret_id_group_id`;
-- reverse: create index "secretgrant_secret_id_user_id" to table: "secret_grants"
DROP INDEX `secretgrant_secret_id_user_id`;
-- reverse: create index "secretgrant_group_id_secret_id_level_expires_at" to table: "secret_grants"
DROP INDEX `secretgrant_group_id_secret_id_level_expires_at`;
-- reverse: create index "secretgrant_user_id_secret_id_level_expires_at" to table: "secret_grants"
DROP INDEX `secretgrant_user_id_secret_id_level_expires_at`;
-- reverse: create index "secretgrant_created_at_id" to table: "secret_grants"
DROP INDEX `secretgrant_created_at_id`;
-- reverse: create "secret_grants" table
DROP TABLE `secret_grants`;
-- reverse: create index "secret_last_used_at_id" to table: "secrets"
DROP INDEX `secret_last_used_at_id`;
-- reverse: create index "secret_name_id" to table: "secrets"
DROP INDEX `secret_name_id`;
-- reverse: create index "secret_organization_id" to table: "secrets"
DROP INDEX `secret_organization_id`;
-- reverse: create index "secret_owner_id_organization_id" to table: "secrets"
DROP INDEX `secret_owner_id_organization_id`;
-- reverse: create index "secret_created_at_id" to table: "secrets"
DROP INDEX `secret_created_at_id`;
-- reverse: create "secrets" table
DROP TABLE `secrets`;
-- reverse: create index "sealedversion_secret_id_number" to table: "sealed_versions"
DROP INDEX `sealedversion_secret_id_number`;
-- reverse: create index "sealedversion_created_at_id" to table: "sealed_versions"
DROP INDEX `sealedversion_created_at_id`;
-- reverse: create "sealed_versions" table
DROP TABLE `sealed_versions`;
-- reverse: create index "sealedvalue_api_key_id_version" to table: "sealed_values"
DROP INDEX `sealedvalue_api_key_id_version`;
-- reverse: create index "sealedvalue_created_at_id" to table: "sealed_values"
DROP INDEX `sealedvalue_created_at_id`;
-- reverse: create "sealed_values" table
DROP TABLE `sealed_values`;
-- reverse: create index "revocation_number" to table: "revocations"
DROP INDEX `revocation_number`;
-- reverse: create index "revocation_created_at_id" to table: "revocations"
DROP INDEX `revocation_created_at_id`;
-- reverse: create "revocations" table
DROP TABLE `revocations`;
-- reverse: create index "ratelimit_organization_id_window_seconds" to table: "rate_limits"
DROP INDEX `ratelimit_organization_id_window_seconds`;
-- reverse: create index "ratelimit_project_id_window_seconds" to table: "rate_limits"
DROP INDEX `ratelimit_project_id_window_seconds`;
-- reverse: create index "ratelimit_api_key_id_window_seconds" to table: "rate_limits"
DROP INDEX `ratelimit_api_key_id_window_seconds`;
-- reverse: create index "ratelimit_created_at_id" to table: "rate_limits"
DROP INDEX `ratelimit_created_at_id`;
-- reverse: create "rate_limits" table
DROP TABLE `rate_limits`;
-- reverse: create index "projectmember_project_id_user_id_role" to table: "project_members"
DROP INDEX `projectmember_project_id_user_id_role`;
-- reverse: create index "projectmember_group_id_project_id" to table: "project_members"
DROP INDEX `projectmember_group_id_project_id`;
-- reverse: create index "projectmember_user_id_project_id" to table: "project_members"
DROP INDEX `projectmember_user_id_project_id`;
-- reverse: create index "projectmember_created_at_id" to table: "project_members"
DROP INDEX `projectmember_created_at_id`;
-- reverse: create "project_members" table
DROP TABLE `project_members`;
-- reverse: create index "project_organization_id" to table: "projects"
DROP INDEX `project_organization_id`;
-- reverse: create index "project_created_at_id" to table: "projects"
DROP INDEX `project_created_at_id`;
-- reverse: create "projects" table
DROP TABLE `projects`;
-- reverse: create index "organizationmember_organization_id_user_id_role" to table: "organization_members"
DROP INDEX `organizationmember_organization_id_user_id_role`;
-- reverse: create index "organizationmember_user_id_organization_id" to table: "organization_members"
DROP INDEX `organizationmember_user_id_organization_id`;
-- reverse: create index "organizationmember_created_at_id" to table: "organization_members"
DROP INDEX `organizationmember_created_at_id`;
-- reverse: create "organization_members" table
DROP TABLE `organization_members`;
-- reverse: create index "organization_created_at_id" to table: "organizations"
DROP INDEX `organization_created_at_id`;
-- reverse: create index "organizations_slug_key" to table: "organizations"
DROP INDEX `organizations_slug_key`;
-- reverse: create "organizations" table
DROP TABLE `organizations`;
-- reverse: create index "mail_within_id" to table: "mails"
DROP INDEX `mail_within_id`;
-- reverse: create index "mail_resource_id" to table: "mails"
DROP INDEX `mail_resource_id`;
-- reverse: create index "mail_state_next_attempt_at" to table: "mails"
DROP INDEX `mail_state_next_attempt_at`;
-- reverse: create index "mail_created_at_id" to table: "mails"
DROP INDEX `mail_created_at_id`;
-- reverse: create "mails" table
DROP TABLE `mails`;
-- reverse: create index "jwtkey_api_key_id_fingerprint" to table: "jwt_keys"
DROP INDEX `jwtkey_api_key_id_fingerprint`;
-- reverse: create index "jwtkey_created_at_id" to table: "jwt_keys"
DROP INDEX `jwtkey_created_at_id`;
-- reverse: create "jwt_keys" table
DROP TABLE `jwt_keys`;
-- reverse: create index "invitationproject_project_id" to table: "invitation_projects"
DROP INDEX `invitationproject_project_id`;
-- reverse: create index "invitationproject_invitation_id_project_id" to table: "invitation_projects"
DROP INDEX `invitationproject_invitation_id_project_id`;
-- reverse: create index "invitationproject_created_at_id" to table: "invitation_projects"
DROP INDEX `invitationproject_created_at_id`;
-- reverse: create "invitation_projects" table
DROP TABLE `invitation_projects`;
-- reverse: create index "invitation_invited_by_id" to table: "invitations"
DROP INDEX `invitation_invited_by_id`;
-- reverse: create index "invitation_organization_id_status" to table: "invitations"
DROP INDEX `invitation_organization_id_status`;
-- reverse: create index "invitation_api_key_id_status" to table: "invitations"
DROP INDEX `invitation_api_key_id_status`;
-- reverse: create index "invitation_email_status" to table: "invitations"
DROP INDEX `invitation_email_status`;
-- reverse: create index "invitation_created_at_id" to table: "invitations"
DROP INDEX `invitation_created_at_id`;
-- reverse: create "invitations" table
DROP TABLE `invitations`;
-- reverse: create index "instance_created_at_id" to table: "instances"
DROP INDEX `instance_created_at_id`;
-- reverse: create index "instances_only_key" to table: "instances"
DROP INDEX `instances_only_key`;
-- reverse: create "instances" table
DROP TABLE `instances`;
-- reverse: create index "idempotencykey_expires_at" to table: "idempotency_keys"
DROP INDEX `idempotencykey_expires_at`;
-- reverse: create index "idempotencykey_created_at_id" to table: "idempotency_keys"
DROP INDEX `idempotencykey_created_at_id`;
-- reverse: create index "idempotency_keys_lookup_key" to table: "idempotency_keys"
DROP INDEX `idempotency_keys_lookup_key`;
-- reverse: create "idempotency_keys" table
DROP TABLE `idempotency_keys`;
-- reverse: create index "groupmember_group_id_user_id" to table: "group_members"
DROP INDEX `groupmember_group_id_user_id`;
-- reverse: create index "groupmember_user_id_group_id_expires_at" to table: "group_members"
DROP INDEX `groupmember_user_id_group_id_expires_at`;
-- reverse: create index "groupmember_created_at_id" to table: "group_members"
DROP INDEX `groupmember_created_at_id`;
-- reverse: create "group_members" table
DROP TABLE `group_members`;
-- reverse: create index "group_organization_id_name" to table: "groups"
DROP INDEX `group_organization_id_name`;
-- reverse: create index "group_owner_id_organization_id" to table: "groups"
DROP INDEX `group_owner_id_organization_id`;
-- reverse: create index "group_created_at_id" to table: "groups"
DROP INDEX `group_created_at_id`;
-- reverse: create "groups" table
DROP TABLE `groups`;
-- reverse: create index "epoch_created_at_id" to table: "epoches"
DROP INDEX `epoch_created_at_id`;
-- reverse: create index "epoches_only_key" to table: "epoches"
DROP INDEX `epoches_only_key`;
-- reverse: create "epoches" table
DROP TABLE `epoches`;
-- reverse: create index "credential_created_at_id" to table: "credentials"
DROP INDEX `credential_created_at_id`;
-- reverse: create index "credentials_user_id_key" to table: "credentials"
DROP INDEX `credentials_user_id_key`;
-- reverse: create "credentials" table
DROP TABLE `credentials`;
-- reverse: create index "collaborator_api_key_id_user_id" to table: "collaborators"
DROP INDEX `collaborator_api_key_id_user_id`;
-- reverse: create index "collaborator_user_id_api_key_id_role" to table: "collaborators"
DROP INDEX `collaborator_user_id_api_key_id_role`;
-- reverse: create index "collaborator_created_at_id" to table: "collaborators"
DROP INDEX `collaborator_created_at_id`;
-- reverse: create "collaborators" table
DROP TABLE `collaborators`;
-- reverse: create index "auditevent_resource_id_created_at_id" to table: "audit_events"
DROP INDEX `auditevent_resource_id_created_at_id`;
-- reverse: create index "auditevent_organization_id_actor_id_created_at_id" to table: "audit_events"
DROP INDEX `auditevent_organization_id_actor_id_created_at_id`;
-- reverse: create index "auditevent_organization_id_project_id_created_at_id" to table: "audit_events"
DROP INDEX `auditevent_organization_id_project_id_created_at_id`;
-- reverse: create index "auditevent_organization_id_outcome_created_at_id" to table: "audit_events"
DROP INDEX `auditevent_organization_id_outcome_created_at_id`;
-- reverse: create index "auditevent_organization_id_type_created_at_id" to table: "audit_events"
DROP INDEX `auditevent_organization_id_type_created_at_id`;
-- reverse: create index "auditevent_organization_id_created_at_id" to table: "audit_events"
DROP INDEX `auditevent_organization_id_created_at_id`;
-- reverse: create index "auditevent_created_at_id" to table: "audit_events"
DROP INDEX `auditevent_created_at_id`;
-- reverse: create "audit_events" table
DROP TABLE `audit_events`;
-- reverse: create index "accesstoken_user_id" to table: "access_tokens"
DROP INDEX `accesstoken_user_id`;
-- reverse: create index "accesstoken_created_at_id" to table: "access_tokens"
DROP INDEX `accesstoken_created_at_id`;
-- reverse: create index "access_tokens_lookup_key" to table: "access_tokens"
DROP INDEX `access_tokens_lookup_key`;
-- reverse: create "access_tokens" table
DROP TABLE `access_tokens`;
-- reverse: create index "apikeyhash_created_at_id" to table: "api_key_hashes"
DROP INDEX `apikeyhash_created_at_id`;
-- reverse: create index "api_key_hashes_lookup_key" to table: "api_key_hashes"
DROP INDEX `api_key_hashes_lookup_key`;
-- reverse: create index "api_key_hashes_api_key_id_key" to table: "api_key_hashes"
DROP INDEX `api_key_hashes_api_key_id_key`;
-- reverse: create "api_key_hashes" table
DROP TABLE `api_key_hashes`;
-- reverse: create index "apikey_last_used_at_id" to table: "api_keys"
DROP INDEX `apikey_last_used_at_id`;
-- reverse: create index "apikey_name_id" to table: "api_keys"
DROP INDEX `apikey_name_id`;
-- reverse: create index "apikey_expires_at" to table: "api_keys"
DROP INDEX `apikey_expires_at`;
-- reverse: create index "apikey_service_account_id" to table: "api_keys"
DROP INDEX `apikey_service_account_id`;
-- reverse: create index "apikey_project_id_kind" to table: "api_keys"
DROP INDEX `apikey_project_id_kind`;
-- reverse: create index "apikey_owner_id_project_id" to table: "api_keys"
DROP INDEX `apikey_owner_id_project_id`;
-- reverse: create index "apikey_created_at_id" to table: "api_keys"
DROP INDEX `apikey_created_at_id`;
-- reverse: create index "api_keys_replaces_id_key" to table: "api_keys"
DROP INDEX `api_keys_replaces_id_key`;
-- reverse: create "api_keys" table
DROP TABLE `api_keys`;
