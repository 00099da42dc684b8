CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE passes (
	id VARCHAR NOT NULL,
	principal JSON NOT NULL,
	resources JSON NOT NULL,
	verbs JSON NOT NULL,
	purpose VARCHAR NOT NULL,
	ticket VARCHAR,
	issued VARCHAR NOT NULL,
	expires VARCHAR NOT NULL,
	revoked VARCHAR,
	scram_salt BLOB NOT NULL,
	scram_iterations INTEGER NOT NULL,
	scram_stored_key BLOB NOT NULL,
	scram_server_key BLOB NOT NULL, task VARCHAR,
	PRIMARY KEY (id)
);
CREATE INDEX passes_by_expiry ON passes (expires);
CREATE TABLE pass_changes (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	kind VARCHAR NOT NULL,
	pass_id VARCHAR NOT NULL,
	actor VARCHAR NOT NULL,
	at VARCHAR NOT NULL,
	claimed_by VARCHAR,
	claimed_until VARCHAR,
	recorded INTEGER NOT NULL,
	FOREIGN KEY(pass_id) REFERENCES passes (id)
);
CREATE INDEX pass_changes_unrecorded ON pass_changes (seq) WHERE recorded = 0;
CREATE TABLE node_keys (
	name VARCHAR NOT NULL,
	"key" BLOB NOT NULL,
	PRIMARY KEY (name)
);
CREATE TABLE pass_budgets (
	pass_id VARCHAR NOT NULL,
	max_requests INTEGER,
	max_tokens INTEGER,
	max_microdollars INTEGER,
	requests INTEGER NOT NULL,
	tokens INTEGER NOT NULL,
	microdollars INTEGER NOT NULL,
	PRIMARY KEY (pass_id),
	FOREIGN KEY(pass_id) REFERENCES passes (id)
)
 WITHOUT ROWID;
CREATE TABLE locks (
	id VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	target VARCHAR NOT NULL,
	reason VARCHAR NOT NULL,
	actor VARCHAR NOT NULL,
	at VARCHAR NOT NULL,
	until VARCHAR,
	PRIMARY KEY (id)
);
CREATE TABLE spent_tokens (
	digest VARCHAR NOT NULL,
	expires VARCHAR NOT NULL,
	PRIMARY KEY (digest)
);
CREATE INDEX spent_tokens_by_expiry ON spent_tokens (expires);
CREATE TABLE signing_keys (
	kid VARCHAR NOT NULL,
	private VARCHAR NOT NULL,
	created VARCHAR NOT NULL,
	PRIMARY KEY (kid)
);
CREATE TABLE authorizations (
	id VARCHAR NOT NULL,
	client_id VARCHAR NOT NULL,
	provider VARCHAR NOT NULL,
	principal JSON NOT NULL,
	resources JSON NOT NULL,
	verbs JSON NOT NULL,
	purpose VARCHAR NOT NULL,
	ticket VARCHAR,
	agent VARCHAR,
	passes JSON NOT NULL,
	issued VARCHAR NOT NULL,
	expires VARCHAR NOT NULL,
	consented VARCHAR,
	revoked VARCHAR,
	PRIMARY KEY (id)
);
CREATE INDEX authorizations_by_expiry ON authorizations (expires);
CREATE TABLE refresh_tokens (
	digest VARCHAR NOT NULL,
	authorization_id VARCHAR NOT NULL,
	issued VARCHAR NOT NULL,
	used VARCHAR,
	PRIMARY KEY (digest)
);
CREATE INDEX refresh_tokens_by_authorization ON refresh_tokens (authorization_id);
CREATE TABLE one_time_codes (
	digest VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	content JSON NOT NULL,
	expires VARCHAR NOT NULL,
	used VARCHAR,
	PRIMARY KEY (digest)
);
CREATE INDEX one_time_codes_by_expiry ON one_time_codes (expires);
CREATE TABLE device_codes (
	digest VARCHAR NOT NULL,
	user_code VARCHAR NOT NULL,
	content JSON NOT NULL,
	expires VARCHAR NOT NULL,
	interval INTEGER NOT NULL,
	asked VARCHAR,
	state VARCHAR NOT NULL,
	authorization_id VARCHAR,
	PRIMARY KEY (digest)
);
CREATE UNIQUE INDEX device_codes_by_user_code ON device_codes (user_code);
CREATE INDEX device_codes_by_expiry ON device_codes (expires);
CREATE TABLE delegations (
	pass_id VARCHAR NOT NULL,
	parent VARCHAR NOT NULL,
	ancestors JSON NOT NULL,
	PRIMARY KEY (pass_id),
	FOREIGN KEY(pass_id) REFERENCES passes (id),
	FOREIGN KEY(parent) REFERENCES passes (id)
);
CREATE INDEX delegations_by_parent ON delegations (parent);
CREATE TABLE access_requests (
	id VARCHAR NOT NULL,
	asked_sha256 VARCHAR NOT NULL,
	principal JSON NOT NULL,
	source VARCHAR NOT NULL,
	resources JSON NOT NULL,
	verbs JSON NOT NULL,
	seconds INTEGER NOT NULL,
	reason VARCHAR NOT NULL,
	ticket VARCHAR,
	rule VARCHAR NOT NULL,
	approvers VARCHAR NOT NULL,
	needed INTEGER NOT NULL,
	at VARCHAR NOT NULL,
	expires VARCHAR NOT NULL,
	state VARCHAR NOT NULL,
	decided VARCHAR,
	pass_id VARCHAR,
	PRIMARY KEY (id)
);
CREATE INDEX access_requests_by_asked ON access_requests (asked_sha256);
CREATE INDEX access_requests_waiting ON access_requests (expires) WHERE state = 'pending';
CREATE TABLE access_votes (
	request_id VARCHAR NOT NULL,
	person VARCHAR NOT NULL,
	subject VARCHAR NOT NULL,
	approves INTEGER NOT NULL,
	note VARCHAR NOT NULL,
	at VARCHAR NOT NULL,
	PRIMARY KEY (request_id, person),
	FOREIGN KEY(request_id) REFERENCES access_requests (id)
);
CREATE TABLE directory_users (
	id VARCHAR NOT NULL,
	name_key VARCHAR NOT NULL,
	external_id VARCHAR NOT NULL,
	external_id_key VARCHAR NOT NULL,
	email_key VARCHAR NOT NULL,
	display_name_key VARCHAR NOT NULL,
	active INTEGER NOT NULL,
	content JSON NOT NULL,
	created VARCHAR NOT NULL,
	modified VARCHAR NOT NULL,
	version INTEGER NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (name_key)
);
CREATE INDEX ix_directory_users_external_id ON directory_users (external_id);
CREATE INDEX ix_directory_users_external_id_key ON directory_users (external_id_key);
CREATE INDEX ix_directory_users_email_key ON directory_users (email_key);
CREATE TABLE directory_groups (
	id VARCHAR NOT NULL,
	name_key VARCHAR NOT NULL,
	external_id VARCHAR NOT NULL,
	display_name VARCHAR NOT NULL,
	created VARCHAR NOT NULL,
	modified VARCHAR NOT NULL,
	version INTEGER NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (name_key)
);
CREATE INDEX ix_directory_groups_external_id ON directory_groups (external_id);
CREATE TABLE directory_members (
	group_id VARCHAR NOT NULL,
	user_id VARCHAR NOT NULL,
	PRIMARY KEY (group_id, user_id)
)
 WITHOUT ROWID;
CREATE INDEX ix_directory_members_user_id ON directory_members (user_id);
CREATE TABLE pass_origins (
	pass_id VARCHAR NOT NULL,
	provider VARCHAR,
	recheck VARCHAR,
	PRIMARY KEY (pass_id),
	FOREIGN KEY(pass_id) REFERENCES passes (id)
);
CREATE INDEX ix_pass_origins_recheck ON pass_origins (recheck);
CREATE TABLE rechecks (
	id VARCHAR NOT NULL,
	provider VARCHAR NOT NULL,
	sub VARCHAR NOT NULL,
	digest VARCHAR NOT NULL,
	sealed BLOB NOT NULL,
	confirmed VARCHAR NOT NULL,
	due VARCHAR NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (digest)
);
CREATE TABLE task_tags (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	task VARCHAR NOT NULL,
	tag VARCHAR NOT NULL,
	at VARCHAR NOT NULL,
	UNIQUE (task, tag)
);
CREATE TABLE task_counters (
	task VARCHAR NOT NULL,
	counter VARCHAR NOT NULL,
	value INTEGER NOT NULL,
	PRIMARY KEY (task, counter)
);
CREATE TABLE leases (
	id VARCHAR NOT NULL,
	server VARCHAR NOT NULL,
	resource VARCHAR NOT NULL,
	session VARCHAR NOT NULL,
	user VARCHAR NOT NULL,
	expires VARCHAR NOT NULL,
	holder VARCHAR NOT NULL,
	held_until VARCHAR NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE approval_requests (
	id VARCHAR NOT NULL,
	question VARCHAR NOT NULL,
	pass_id VARCHAR NOT NULL,
	state VARCHAR NOT NULL,
	asked VARCHAR NOT NULL,
	expires VARCHAR NOT NULL,
	sealed BLOB NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX approval_requests_by_question ON approval_requests (question);
CREATE TABLE approval_votes (
	request VARCHAR NOT NULL,
	person VARCHAR NOT NULL,
	number INTEGER NOT NULL,
	approves BOOLEAN NOT NULL,
	sealed BLOB NOT NULL,
	PRIMARY KEY (request, person),
	FOREIGN KEY(request) REFERENCES approval_requests (id) ON DELETE CASCADE
);
CREATE TABLE approval_notices (
	request VARCHAR NOT NULL,
	channel VARCHAR NOT NULL,
	reference VARCHAR NOT NULL,
	PRIMARY KEY (request, channel),
	FOREIGN KEY(request) REFERENCES approval_requests (id) ON DELETE CASCADE
);
CREATE TABLE idempotency_keys (
	caller VARCHAR NOT NULL,
	route VARCHAR NOT NULL,
	"key" VARCHAR NOT NULL,
	digest VARCHAR NOT NULL,
	status INTEGER,
	body BLOB,
	expires VARCHAR NOT NULL,
	PRIMARY KEY (caller, route, "key")
);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires);
