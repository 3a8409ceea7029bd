-- The ledger: blocks as chains showed them, and facts, append-only. Nothing here is ever updated but a block's
-- `canonical`: a reorg turns it off, a block that returns turns it on. A fact is canonical while its block is.

CREATE TABLE blocks (
    chain_id    bigint  NOT NULL,
    number      bigint  NOT NULL,
    hash        bytea   NOT NULL CHECK (octet_length(hash) = 32),
    parent_hash bytea   NOT NULL CHECK (octet_length(parent_hash) = 32),
    timestamp   bigint  NOT NULL,
    canonical   boolean NOT NULL DEFAULT true,
    PRIMARY KEY (chain_id, hash)
);
CREATE UNIQUE INDEX blocks_canonical_number ON blocks (chain_id, number) WHERE canonical;
CREATE INDEX blocks_canonical_timestamp ON blocks (chain_id, timestamp, number) WHERE canonical;

CREATE TABLE facts (
    seq          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    intent_id    bytea       CHECK (octet_length(intent_id) = 32),
    name         text        NOT NULL,
    actor        bytea       CHECK (octet_length(actor) IN (20, 32)),
    chain_id     bigint,
    block_number bigint,
    block_hash   bytea       CHECK (octet_length(block_hash) = 32),
    tx_hash      bytea       CHECK (octet_length(tx_hash) = 32),
    log_index    integer     CHECK (log_index >= 0),
    timestamp    bigint      NOT NULL,
    data         json        NOT NULL, -- kept as it came, which is cheaper: it is read whole
    recorded_at  timestamptz NOT NULL DEFAULT now(),
    -- A log has all of a position, a block's own fact has no transaction and log, an off-chain fact has none of it.
    CHECK ((chain_id IS NULL) = (block_hash IS NULL) AND (chain_id IS NULL) = (block_number IS NULL)),
    CHECK ((tx_hash IS NULL) = (log_index IS NULL) AND (log_index IS NULL OR chain_id IS NOT NULL))
);
COMMENT ON COLUMN facts.timestamp IS 'unix seconds: the block''s time, or the database''s for off-chain facts';
-- One fact a (chain, block hash, log index). The block's number, which its hash implies, comes first: so the index grows
-- at its end, at half the cost of one that begins with a hash, and finds what blocks hold, their own facts as well.
CREATE UNIQUE INDEX facts_one_per_log ON facts (chain_id, block_number, log_index, block_hash)
    WHERE chain_id IS NOT NULL;
-- Not every event of a block as a whole has both words: a NULL is a word like any other here.
CREATE UNIQUE INDEX facts_one_per_block_and_subject
    ON facts (chain_id, block_hash, intent_id, name, (data ->> 'which'), (data ->> 'round')) NULLS NOT DISTINCT
    WHERE block_hash IS NOT NULL AND log_index IS NULL;
CREATE UNIQUE INDEX facts_one_per_round ON facts (intent_id, name, (coalesce(data ->> 'round', '')))
    WHERE block_hash IS NULL;
CREATE INDEX facts_by_intent ON facts (intent_id, seq) WHERE intent_id IS NOT NULL;
-- What takes a nonce: the user is the actor of both. A path is looked for in one reading of the JSON.
CREATE INDEX facts_by_nonce ON facts (chain_id, actor, (coalesce(data #>> '{intent,nonce}', data ->> 'nonce')))
    WHERE name IN ('NonceInvalidated', 'IntentOpened');
CREATE INDEX facts_by_solver ON facts (actor, chain_id)
    WHERE name IN ('SolverRegistered', 'BondChanged', 'SolverSlashed');
CREATE INDEX facts_lapses ON facts (actor, timestamp) WHERE name = 'AwardLapsed';

CREATE VIEW canonical_facts AS
    SELECT f.*
    FROM facts f
    LEFT JOIN blocks b ON b.chain_id = f.chain_id AND b.hash = f.block_hash
    WHERE f.block_hash IS NULL OR b.canonical;

-- One row a followed chain. `genesis_hash` binds everything above to that very chain.
CREATE TABLE checkpoints (
    chain_id         bigint      PRIMARY KEY,
    genesis_hash     bytea       NOT NULL CHECK (octet_length(genesis_hash) = 32),
    start_block      bigint      NOT NULL,
    number           bigint,
    hash             bytea       CHECK (octet_length(hash) = 32),
    timestamp        bigint,
    head_number      bigint,
    head_timestamp   bigint,
    safe_number      bigint,
    finalized_number bigint,
    verified_number  bigint,
    blocks_per_second real,
    status           text        NOT NULL DEFAULT 'ok' CHECK (status IN ('ok', 'stopped', 'unreachable')),
    detail           text,
    dispute_code     text,
    dispute_number   bigint,
    dispute_detail   text,
    updated_at       timestamptz NOT NULL DEFAULT now(),
    CHECK ((number IS NULL) = (hash IS NULL) AND (number IS NULL) = (timestamp IS NULL)),
    CHECK (verified_number <= number),
    CHECK (num_nulls(dispute_code, dispute_number, dispute_detail) IN (0, 3))
);
COMMENT ON COLUMN checkpoints.blocks_per_second IS 'while the indexer catches up, else null';
COMMENT ON COLUMN checkpoints.verified_number IS 'up to here blocks and facts were compared once more when final';
COMMENT ON COLUMN checkpoints.dispute_number IS 'a final block that keeps verified_number where it is, else null';

-- Who leads a job. `epoch` fences: a write of a leader checks that it is still his.
CREATE TABLE leases (
    name       text        PRIMARY KEY,
    epoch      bigint      NOT NULL,
    holder     text        NOT NULL,
    since      timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);

-- Checkpoints for readers. What an indexer said last holds while it has its lease, and only what this one said: of one
-- that is gone, or has not looked yet, the chain is unreachable whatever the last one thought.
CREATE VIEW followed_chains AS
    SELECT c.chain_id, c.genesis_hash, c.start_block, c.number, c.hash, c.timestamp, c.head_number, c.head_timestamp,
           c.safe_number, c.finalized_number, c.verified_number, c.blocks_per_second,
           c.dispute_code, c.dispute_number, c.dispute_detail,
           CASE WHEN gone THEN 'unreachable' ELSE c.status END AS status,
           CASE WHEN gone THEN 'No indexer follows this chain.' ELSE c.detail END AS detail
    FROM checkpoints c
    CROSS JOIN LATERAL (
        SELECT c.status = 'ok' AND EXISTS (
            SELECT 1 FROM leases l
            WHERE l.name = 'indexer-' || c.chain_id AND (l.expires_at < now() OR c.updated_at < l.since)
        ) AS gone
    ) AS indexer;

-- Announcements, written in the transaction of what they announce. The publisher moves and deletes them. A row is one of
-- them; without a topic it is `size` of them, a list of facts of the ledger, each as [seq, status, anomaly] of how its
-- intent stood then: all else that is to be told of them the ledger has.
CREATE TABLE outbox (
    seq   bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text,
    event text,
    data  json    NOT NULL,
    size  integer NOT NULL DEFAULT 1 CHECK (size > 0),
    CHECK ((topic IS NULL) = (event IS NULL))
);
ALTER TABLE outbox ALTER COLUMN data SET STORAGE EXTERNAL; -- gone too soon to be worth compressing
