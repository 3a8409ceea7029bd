-- What is true because we were told or decided it off chain: submissions, bids, awards, logins. Not projections.

CREATE TABLE submissions (
    intent_id   bytea       PRIMARY KEY CHECK (octet_length(intent_id) = 32),
    signature   bytea       NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN submissions.signature IS 'shown to nobody but the winner of the auction';

-- `idle`: the window passed without a valid bid; the next bid starts it again.
CREATE TABLE auctions (
    intent_id bytea       NOT NULL CHECK (octet_length(intent_id) = 32),
    round     integer     NOT NULL CHECK (round > 0),
    state     text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed', 'void')),
    opened_at timestamptz NOT NULL DEFAULT now(),
    closes_at timestamptz NOT NULL,
    idle      boolean     NOT NULL DEFAULT false,
    closed_at timestamptz,
    outcome   jsonb,
    PRIMARY KEY (intent_id, round),
    CHECK ((state = 'open') = (closed_at IS NULL))
);
COMMENT ON COLUMN auctions.outcome IS 'everything the ranking read and said, so that it can be replayed';
CREATE INDEX auctions_open ON auctions (closes_at) WHERE state = 'open';
CREATE INDEX auctions_pending ON auctions (opened_at, intent_id) WHERE state = 'open';

CREATE TABLE bids (
    seq           bigint         GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bid_id        bytea          NOT NULL CHECK (octet_length(bid_id) = 32),
    intent_id     bytea          NOT NULL,
    round         integer        NOT NULL,
    solver        bytea          NOT NULL CHECK (octet_length(solver) = 20),
    output_amount numeric(78, 0) NOT NULL,
    valid_until   numeric(20, 0) NOT NULL,
    signature     bytea          NOT NULL,
    received_at   timestamptz    NOT NULL DEFAULT now(),
    FOREIGN KEY (intent_id, round) REFERENCES auctions
);
COMMENT ON COLUMN bids.bid_id IS 'EIP-712 digest of the bid';
CREATE INDEX bids_by_round ON bids (intent_id, round, solver, seq DESC);

CREATE TABLE awards (
    intent_id     bytea          NOT NULL,
    round         integer        NOT NULL,
    solver        bytea          NOT NULL CHECK (octet_length(solver) = 20),
    output_amount numeric(78, 0) NOT NULL,
    open_by       numeric(20, 0) NOT NULL,
    fill_by       numeric(20, 0) NOT NULL,
    signature     bytea          NOT NULL CHECK (octet_length(signature) = 65),
    epoch         bigint         NOT NULL,
    created_at    timestamptz    NOT NULL DEFAULT now(),
    PRIMARY KEY (intent_id, round)
);
COMMENT ON COLUMN awards.epoch IS 'lease epoch of the auctioneer that signed';
CREATE INDEX awards_by_solver ON awards (solver, created_at DESC, intent_id DESC);

CREATE TABLE login_challenges (
    nonce      text        PRIMARY KEY,
    address    bytea       NOT NULL CHECK (octet_length(address) = 20),
    chain_id   bigint      NOT NULL,
    message    text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX login_challenges_expiry ON login_challenges (expires_at);

CREATE TABLE refresh_tokens (
    token_hash bytea       PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    family     uuid        NOT NULL,
    address    bytea       NOT NULL CHECK (octet_length(address) = 20),
    issued_at  timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
