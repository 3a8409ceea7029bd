-- A login and everything refreshed from it. Access tokens name their session, so ending it ends them all at once.

DROP TABLE refresh_tokens;

CREATE TABLE sessions (
    session_id uuid        PRIMARY KEY,
    address    bytea       NOT NULL CHECK (octet_length(address) = 20),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz,
    end_reason text        CHECK (end_reason IN ('logout', 'reuse')),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
COMMENT ON COLUMN sessions.expires_at IS 'when its unused refresh token ends; moves on with each refresh';
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- One unused token a session; the used ones are kept to know them when they come again.
CREATE TABLE refresh_tokens (
    token_hash bytea       PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    session_id uuid        NOT NULL REFERENCES sessions ON DELETE CASCADE,
    issued_at  timestamptz NOT NULL DEFAULT now(),
    used_at    timestamptz
);
CREATE UNIQUE INDEX refresh_tokens_unused ON refresh_tokens (session_id) WHERE used_at IS NULL;
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_used ON refresh_tokens (used_at) WHERE used_at IS NOT NULL;
