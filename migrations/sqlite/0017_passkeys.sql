-- Passkeys (WebAuthn Level 3), and when a session proved last whose it is.

-- When the session's browser last showed a proof that it is the person: a recovery code or a passkey. A session that
-- another session opened (a hand-over) has shown none.
ALTER TABLE sessions ADD COLUMN proved_at BIGINT;

-- user_handle: base64url of 16 random bytes, the same for all passkeys of a person.
-- credential_id, public_key: base64url; the key is a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).
-- rp_id: the host of the address under which the passkey was made.
-- is_synced: the passkey may be on several devices of the person (flag BE); is_backed_up: it is now (flag BS).
CREATE TABLE passkeys (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    user_handle TEXT NOT NULL,
    credential_id TEXT NOT NULL UNIQUE,
    public_key TEXT NOT NULL,
    rp_id TEXT NOT NULL,
    sign_count BIGINT NOT NULL,
    is_synced BIGINT NOT NULL,
    is_backed_up BIGINT NOT NULL,
    transports TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);

CREATE INDEX passkeys_by_person ON passkeys (person_id);
