-- Accounts at OpenID Connect providers that sign a person in. The key is issuer and subject; no e-mail address is stored.

-- provider: the id of the provider in oidc.toml, for its name on pages.
CREATE TABLE identities (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    UNIQUE (issuer, subject)
);

CREATE INDEX identities_by_person ON identities (person_id);

-- An account that no person has yet, until its browser signs up with it. handle_hash: of the browser's cookie.
CREATE TABLE identity_sign_ups (
    handle_hash TEXT NOT NULL PRIMARY KEY,
    provider TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX identity_sign_ups_expired ON identity_sign_ups (expires_at);
