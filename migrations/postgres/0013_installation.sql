-- What all nodes of one installation share, so that a node with other keys is refused.

-- name: secret_key (value: a fingerprint of that key) or push_keys (value: the ids of the keys, separated by spaces).
CREATE TABLE installation (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
