-- Projections: recreated from the ledger by `orbital rebuild`, equal in every column.

-- The row that serialises everything of one user: intake, and chain facts that take a nonce, lock it first.
CREATE TABLE accounts (
    address bytea PRIMARY KEY CHECK (octet_length(address) = 20)
);

-- A row exists from the first fact on; its body is NULL while only foreign evidence is known (a fill before its open).
CREATE TABLE intents (
    intent_id            bytea PRIMARY KEY CHECK (octet_length(intent_id) = 32),
    protocol             text    NOT NULL DEFAULT 'orbital',
    reference            text,
    user_address         bytea   CHECK (octet_length(user_address) IN (20, 32)),
    recipient            bytea   CHECK (octet_length(recipient) IN (20, 32)),
    origin_chain_id      bigint,
    destination_chain_id bigint,
    input_token          bytea   CHECK (octet_length(input_token) IN (20, 32)),
    input_amount         numeric(78, 0),
    output_token         bytea   CHECK (octet_length(output_token) IN (20, 32)),
    min_output_amount    numeric(78, 0),
    nonce                numeric(78, 0),
    open_deadline        numeric(20, 0),
    fill_deadline        numeric(20, 0),
    auctioneer           bytea   CHECK (octet_length(auctioneer) = 20),
    status               text,
    submitted            boolean NOT NULL DEFAULT false,
    solver               bytea   CHECK (octet_length(solver) IN (20, 32)),
    output_amount        numeric(78, 0),
    round                integer NOT NULL DEFAULT 0,
    open_by              numeric(20, 0),
    fill_by              numeric(20, 0),
    refund_due           boolean NOT NULL DEFAULT false,
    refundable_at        numeric(21, 0),
    legs                 jsonb   NOT NULL DEFAULT '{}',
    anomaly              text,
    auctionable          boolean NOT NULL DEFAULT false,
    unjudged_rounds      integer[] NOT NULL DEFAULT '{}',
    lapsed_solvers       bytea[] NOT NULL DEFAULT '{}',
    created_at           bigint,
    updated_at           bigint,
    CHECK ((user_address IS NULL) = (status IS NULL)),
    CHECK (num_nulls(user_address, recipient, origin_chain_id, destination_chain_id, input_token, input_amount,
                     output_token, min_output_amount, fill_deadline) IN (0, 9)),
    -- What only our intents have; addresses beyond our chains have 32 bytes.
    CHECK ((reference IS NULL) = (protocol = 'orbital' OR status IS NULL)),
    CHECK (num_nulls(nonce, open_deadline, auctioneer)
           = CASE WHEN protocol = 'orbital' AND status IS NOT NULL THEN 0 ELSE 3 END),
    CHECK (protocol = 'orbital' OR NOT (submitted OR auctionable)),
    CHECK (protocol <> 'orbital' OR status IS NULL
           OR (octet_length(user_address), octet_length(recipient), octet_length(input_token),
               octet_length(output_token)) = (20, 20, 20, 20))
);
COMMENT ON COLUMN intents.reference IS 'what a foreign protocol itself calls the intent; not unique';
CREATE INDEX intents_by_user ON intents (user_address, created_at DESC, intent_id DESC) WHERE status IS NOT NULL;
CREATE INDEX intents_by_nonce ON intents (user_address, origin_chain_id, nonce) WHERE status IS NOT NULL;
CREATE INDEX intents_live ON intents (user_address, input_token, origin_chain_id)
    WHERE status IN ('pending', 'matched');
CREATE INDEX intents_auctionable ON intents (auctioneer, created_at, intent_id) WHERE auctionable;
CREATE INDEX intents_reopenable ON intents (auctioneer)
    WHERE status = 'pending' AND legs ? 'fill' AND open_by IS NULL;
CREATE INDEX intents_unjudged ON intents (auctioneer) WHERE unjudged_rounds <> '{}';
-- Our promise to a user: one intent a nonce. What others open on chain is not bound by it.
CREATE UNIQUE INDEX intents_one_per_nonce ON intents (user_address, origin_chain_id, nonce) WHERE submitted;

-- Times that a chain's blocks decide. `passed_block` is the first canonical block after `due_at`, once indexed.
CREATE TABLE deadlines (
    intent_id    bytea   NOT NULL,
    which        text    NOT NULL,
    round        integer NOT NULL,
    chain_id     bigint  NOT NULL,
    due_at       numeric(20, 0) NOT NULL,
    passed_block bigint,
    PRIMARY KEY (intent_id, which, round)
);
CREATE INDEX deadlines_waiting ON deadlines (chain_id, due_at) WHERE passed_block IS NULL;

CREATE TABLE solvers (
    address           bytea PRIMARY KEY CHECK (octet_length(address) = 20),
    bond_wei          numeric(78, 0) NOT NULL DEFAULT 0,
    in_withdrawal_wei numeric(78, 0) NOT NULL DEFAULT 0,
    registered_at     bigint,
    last_activity     bigint
);
