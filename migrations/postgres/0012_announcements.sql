-- Announcements of the operator to everybody, what a person mutes for all pairs, and the calls to FCM about topics.

-- told_up_to: the last person told, in the order of their ids; empty before the first. with_topic: 1 when FCM devices
-- that are subscribed to the topic of their person's language get its message and no delivery.
CREATE TABLE announcements (
    id TEXT NOT NULL PRIMARY KEY,
    ko TEXT NOT NULL,
    en TEXT NOT NULL,
    with_topic BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    told_up_to TEXT NOT NULL DEFAULT '',
    finished_at BIGINT
);

CREATE INDEX announcements_unfinished ON announcements (created_at) WHERE finished_at IS NULL;

-- The form of members.muted.
ALTER TABLE persons ADD COLUMN muted TEXT NOT NULL DEFAULT '';

-- When FCM accepted the subscription to the topic.
ALTER TABLE push_subscriptions ADD COLUMN topic_at BIGINT;

-- act: subscribe, unsubscribe or topic_send. address: the device (empty for topic_send). send_at: when to call next;
-- while leased, when the lease ends. A newer wish for the same address and topic replaces an older one.
CREATE TABLE fcm_calls (
    call_key TEXT NOT NULL PRIMARY KEY,
    act TEXT NOT NULL,
    address TEXT NOT NULL,
    topic TEXT NOT NULL,
    announcement_id TEXT REFERENCES announcements (id) ON DELETE CASCADE,
    is_leased BIGINT NOT NULL DEFAULT 0,
    send_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX fcm_calls_by_send_at ON fcm_calls (send_at);
