-- What a person is told: the inbox, the browsers that may be woken, and one delivery per notification and browser.
-- Minutes are local minutes of the day in the person's own zone; NULL for both means no quiet hours.

ALTER TABLE persons ADD COLUMN quiet_from BIGINT DEFAULT 1350;
ALTER TABLE persons ADD COLUMN quiet_to BIGINT DEFAULT 450;
ALTER TABLE persons ADD COLUMN hides_details BIGINT NOT NULL DEFAULT 0;

-- Channels a member has switched off, separated by spaces; whether an on-time question may break quiet hours (NULL: by the zones).
ALTER TABLE members ADD COLUMN muted TEXT NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN question_in_quiet BIGINT;

CREATE TABLE notifications (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    slot TEXT NOT NULL,
    kind TEXT NOT NULL,
    pair_id TEXT,
    daily_question_id TEXT,
    detail TEXT NOT NULL,
    seq BIGINT NOT NULL,
    is_pushed BIGINT NOT NULL,
    at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    due_at BIGINT,
    read_at BIGINT,
    UNIQUE (person_id, slot)
);

CREATE INDEX notifications_by_person ON notifications (person_id, at);
CREATE INDEX notifications_unread ON notifications (person_id) WHERE read_at IS NULL;

CREATE TABLE push_subscriptions (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    endpoint TEXT NOT NULL UNIQUE,
    origin TEXT NOT NULL,
    p256dh TEXT NOT NULL,
    auth TEXT NOT NULL,
    key_id TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    renewed_at BIGINT NOT NULL,
    accepted_at BIGINT,
    shown_at BIGINT,
    opened_at BIGINT
);

CREATE INDEX push_subscriptions_by_person ON push_subscriptions (person_id);
CREATE INDEX push_subscriptions_by_session ON push_subscriptions (session_id);

-- send_at: when to send next; while leased, when the lease runs out; NULL once settled.
CREATE TABLE deliveries (
    notification_id TEXT NOT NULL REFERENCES notifications (id) ON DELETE CASCADE,
    subscription_id TEXT NOT NULL,
    state TEXT NOT NULL,
    send_at BIGINT,
    attempts BIGINT NOT NULL DEFAULT 0,
    status BIGINT,
    reason TEXT,
    created_at BIGINT NOT NULL,
    accepted_at BIGINT,
    shown_at BIGINT,
    opened_at BIGINT,
    settled_at BIGINT,
    PRIMARY KEY (notification_id, subscription_id)
);

CREATE INDEX deliveries_waiting ON deliveries (send_at) WHERE send_at IS NOT NULL;
CREATE INDEX deliveries_by_subscription ON deliveries (subscription_id);
CREATE INDEX deliveries_settled ON deliveries (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX deliveries_dead ON deliveries (settled_at) WHERE state = 'dead';
