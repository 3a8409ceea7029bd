-- A solver that vanished with its blocks is not known.
DELETE FROM solvers WHERE last_activity IS NULL;

-- What solvers said of themselves and what administrators decided about them: told off chain, so no projections.

CREATE TABLE solver_profiles (
    address       bytea          PRIMARY KEY CHECK (octet_length(address) = 20),
    name          text           NOT NULL,
    chain_ids     bigint[]       NOT NULL CHECK (cardinality(chain_ids) > 0),
    fee_bps       integer        NOT NULL CHECK (fee_bps BETWEEN 0 AND 10000),
    contact       text           NOT NULL,
    paused        boolean        NOT NULL DEFAULT false,
    nonce         numeric(78, 0) NOT NULL,
    deadline      numeric(20, 0) NOT NULL,
    signature     bytea          NOT NULL,
    registered_at timestamptz    NOT NULL DEFAULT now(),
    updated_at    timestamptz    NOT NULL DEFAULT now()
);
COMMENT ON COLUMN solver_profiles.signature IS 'of the registration: it covers what was said then';

-- Kept for ever; the last one of a solver is what holds.
CREATE TABLE solver_decisions (
    seq        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    solver     bytea       NOT NULL CHECK (octet_length(solver) = 20),
    verdict    text        NOT NULL CHECK (verdict IN ('suspended', 'reinstated')),
    reason     text        NOT NULL CHECK (reason <> ''),
    admin      bytea       NOT NULL CHECK (octet_length(admin) = 20),
    decided_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX solver_decisions_last ON solver_decisions (solver, seq DESC);

CREATE INDEX bids_by_solver ON bids (solver, received_at DESC);

-- Awards of ours that came to an end which no reorg can change: projections, recreated from ledger and auctions.
-- `superseded`: the solver's delivery counts for another round of the intent.
CREATE TABLE concluded_awards (
    intent_id       bytea   NOT NULL,
    round           integer NOT NULL,
    solver          bytea   NOT NULL CHECK (octet_length(solver) = 20),
    user_address    bytea   NOT NULL CHECK (octet_length(user_address) = 20),
    result          text    NOT NULL CHECK (result IN ('filled', 'lapsed', 'excused', 'superseded')),
    awarded_at      bigint  NOT NULL,
    concluded_at    bigint  NOT NULL,
    open_seconds    bigint,
    fill_seconds    bigint,
    improvement_ppm bigint,
    chain_id        bigint         NOT NULL,
    token           bytea          NOT NULL CHECK (octet_length(token) = 20),
    amount          numeric(78, 0) NOT NULL,
    PRIMARY KEY (intent_id, round)
);
COMMENT ON COLUMN concluded_awards.awarded_at IS 'unix seconds, the database''s';
COMMENT ON COLUMN concluded_awards.concluded_at IS 'unix seconds, the time of the block that ended it';
COMMENT ON COLUMN concluded_awards.improvement_ppm IS 'over the second bid; null with fewer than two bonded bidders';
COMMENT ON COLUMN concluded_awards.chain_id IS 'with token and amount: what was, or was to be, delivered where';
CREATE INDEX concluded_awards_by_solver ON concluded_awards (solver, awarded_at, intent_id, round)
    INCLUDE (user_address, result, fill_seconds, improvement_ppm);
CREATE INDEX concluded_awards_by_time ON concluded_awards (concluded_at);

-- What is still to be concluded, which is looked through again and again.
ALTER TABLE awards ADD COLUMN concluded boolean NOT NULL DEFAULT false;
CREATE INDEX awards_unconcluded ON awards (created_at, intent_id, round) WHERE NOT concluded;

-- The score that auctions weigh bids with, one row for every solver that is known. `inputs` are what it was made of.
CREATE TABLE solver_scores (
    address    bytea       PRIMARY KEY CHECK (octet_length(address) = 20),
    reputation integer     NOT NULL CHECK (reputation BETWEEN 0 AND 10000),
    version    integer     NOT NULL,
    as_of      date        NOT NULL,
    inputs     jsonb       NOT NULL,
    is_due     boolean     NOT NULL DEFAULT true,
    scored_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN solver_scores.is_due IS 'something of what it is made of changed';
-- Best first, ties by address: as one order, so that a page starts anywhere at once.
CREATE INDEX solver_scores_best ON solver_scores ((-reputation), address);
CREATE INDEX solver_scores_due ON solver_scores (address) WHERE is_due;
CREATE INDEX solver_scores_by_day ON solver_scores (as_of);
CREATE INDEX facts_slashes ON facts (timestamp) WHERE name = 'SolverSlashed';

-- What is known of a solver from the registry's chain, from itself and from administrators. `reason` is NULL unless it
-- is suspended; `last_activity` is of what is public: an event of the registry, a change of the profile, an award's end.
CREATE VIEW known_solvers AS
SELECT known.address,
       coalesce(s.bond_wei, 0) AS bond_wei,
       coalesce(s.in_withdrawal_wei, 0) AS in_withdrawal_wei,
       r.reputation,
       coalesce(floor(extract(epoch FROM p.registered_at))::bigint, s.registered_at) AS registered_at,
       greatest(s.last_activity, floor(extract(epoch FROM p.updated_at))::bigint, ended.concluded_at) AS last_activity,
       p.name,
       p.chain_ids,
       p.fee_bps,
       p.contact,
       p.paused,
       CASE WHEN decided.verdict = 'suspended' THEN decided.reason END AS reason,
       floor(extract(epoch FROM decided.decided_at))::bigint AS decided_at
FROM (SELECT address FROM solvers UNION SELECT address FROM solver_profiles) known
LEFT JOIN solvers s ON s.address = known.address
LEFT JOIN solver_profiles p ON p.address = known.address
LEFT JOIN solver_scores r ON r.address = known.address
LEFT JOIN LATERAL (
    SELECT d.verdict, d.reason, d.decided_at FROM solver_decisions d
    WHERE d.solver = known.address ORDER BY d.seq DESC LIMIT 1
) decided ON true
LEFT JOIN LATERAL (
    SELECT c.concluded_at FROM concluded_awards c
    WHERE c.solver = known.address ORDER BY c.awarded_at DESC LIMIT 1
) ended ON true;

-- What solvers did in each window, counted now and then, with a place (from 1) for each order of the leaderboard, so that
-- a page is read off an index and a solver's figures off one row, however much there is to count.
CREATE TABLE solver_standings (
    period                text    NOT NULL,
    address               bytea   NOT NULL CHECK (octet_length(address) = 20),
    bids                  bigint  NOT NULL,
    awards                bigint  NOT NULL,
    fills                 bigint  NOT NULL,
    excused               bigint  NOT NULL,
    slashes               bigint  NOT NULL,
    success_bps           integer CHECK (success_bps BETWEEN 0 AND 10000),
    median_open_seconds   bigint,
    median_fill_seconds   bigint,
    price_improvement_bps bigint,
    volumes               jsonb   NOT NULL,
    volume_usd_cents      numeric NOT NULL,
    reputation            integer NOT NULL,
    place_reputation      bigint  NOT NULL,
    place_volume          bigint  NOT NULL,
    place_fills           bigint  NOT NULL,
    place_success_rate    bigint  NOT NULL,
    place_speed           bigint  NOT NULL,
    PRIMARY KEY (period, address)
);
COMMENT ON COLUMN solver_standings.period IS 'a window of the API: 1h 24h 7d 30d 90d all';
COMMENT ON COLUMN solver_standings.bids IS 'public ones: none of a round that takes bids, or whose intent may have another';
COMMENT ON COLUMN solver_standings.awards IS 'filled or lapsed by the solver''s fault';
COMMENT ON COLUMN solver_standings.volumes IS 'what was delivered: [{chain_id, token, amount}], amounts as text';
CREATE INDEX solver_standings_reputation ON solver_standings (period, place_reputation);
CREATE INDEX solver_standings_volume ON solver_standings (period, place_volume);
CREATE INDEX solver_standings_fills ON solver_standings (period, place_fills);
CREATE INDEX solver_standings_success_rate ON solver_standings (period, place_success_rate);
CREATE INDEX solver_standings_speed ON solver_standings (period, place_speed);

-- When the standings of a window were counted.
CREATE TABLE standings_counts (
    period     text        PRIMARY KEY,
    counted_at timestamptz NOT NULL
);

CREATE INDEX bids_by_time ON bids (received_at);
