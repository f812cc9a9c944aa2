-- Devices of other providers than Web Push. provider: web_push, fcm or apns. For FCM and APNs endpoint holds
-- fcm:PROJECT:fid:ID, fcm:PROJECT:token:TOKEN or apns:BUNDLE:TOKEN, origin the name that failures are counted by, and
-- the keys are empty. environment: which of Apple's services knows the token (APNs alone). by_system: the system draws
-- the notification (FCM alone). topic: the FCM topic that the registration is subscribed to.

ALTER TABLE push_subscriptions ADD COLUMN provider TEXT NOT NULL DEFAULT 'web_push';
ALTER TABLE push_subscriptions ADD COLUMN environment TEXT NOT NULL DEFAULT 'production';
ALTER TABLE push_subscriptions ADD COLUMN by_system BIGINT NOT NULL DEFAULT 0;
ALTER TABLE push_subscriptions ADD COLUMN topic TEXT NOT NULL DEFAULT '';

-- 1: the device shows the notification, its person has read it elsewhere, and the delivery now takes it away again (FCM
-- alone).
ALTER TABLE deliveries ADD COLUMN withdraws BIGINT NOT NULL DEFAULT 0;
