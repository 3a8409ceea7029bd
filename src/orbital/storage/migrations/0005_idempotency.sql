-- What a POST with an `Idempotency-Key` was answered, for as long as its caller may repeat it (24 hours).

CREATE TABLE idempotency_keys (
    caller      text        NOT NULL,
    key         text        NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 255),
    fingerprint bytea       NOT NULL CHECK (octet_length(fingerprint) = 32),
    attempt     uuid        NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    status      smallint    CHECK (status BETWEEN 200 AND 499),
    media_type  text,
    location    text,
    body        bytea,
    PRIMARY KEY (caller, key),
    CHECK ((status IS NULL) = (body IS NULL))
);
COMMENT ON COLUMN idempotency_keys.fingerprint IS 'SHA-256 of path, query and body';
COMMENT ON COLUMN idempotency_keys.attempt IS 'who works on it; an attempt that was given up for dead can store nothing';
COMMENT ON COLUMN idempotency_keys.status IS 'null while in flight';
CREATE INDEX idempotency_keys_age ON idempotency_keys (started_at);
