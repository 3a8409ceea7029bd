-- name: list_unconcluded
-- Awards that may have come to an end, in the order in which they were made, after the place ($1, $2, $3) or NULLs.
SELECT created_at, intent_id, round FROM awards
WHERE NOT concluded
  AND (created_at, intent_id, round)
      > (coalesce($1::timestamptz, '-infinity'), coalesce($2::bytea, ''::bytea), coalesce($3::integer, 0))
ORDER BY created_at, intent_id, round
LIMIT $4

-- name: list_awarded
-- Intents with an award, for a rebuild.
SELECT DISTINCT intent_id FROM awards WHERE intent_id > $1 ORDER BY intent_id LIMIT $2

-- name: conclude
-- What final facts say of the awards of these intents. A fact is final when its block was verified. A delivery counts
-- when open and fill are final, and no verdict on a round of the intent may still fall with its block; for the solver's
-- first round that did not lapse. The verdict that the fold goes by is the last one in chain order. An improvement stops
-- at 2^53-1, the largest number that all readers of JSON take.
WITH final AS MATERIALIZED (
    SELECT chain_id, verified_number AS number FROM checkpoints WHERE verified_number IS NOT NULL
), verdict AS MATERIALIZED (
    SELECT DISTINCT ON (f.intent_id, f.data ->> 'round')
           f.intent_id, (f.data ->> 'round')::integer AS round, f.data ->> 'fault' AS fault, f.timestamp,
           coalesce(f.block_number <= final.number, false) AS is_final
    FROM canonical_facts f
    LEFT JOIN final ON final.chain_id = f.chain_id
    WHERE f.intent_id = ANY ($1::bytea[]) AND f.name = 'AwardLapsed'
    ORDER BY f.intent_id, f.data ->> 'round', f.chain_id DESC, f.block_number DESC
), delivery AS (
    SELECT i.intent_id, i.solver, i.output_amount,
           (i.legs -> 'open' ->> 'timestamp')::bigint AS opened_at,
           (i.legs -> 'fill' ->> 'timestamp')::bigint AS filled_at
    FROM intents i
    JOIN final origin ON origin.chain_id = i.origin_chain_id
    JOIN final destination ON destination.chain_id = i.destination_chain_id
    WHERE i.intent_id = ANY ($1::bytea[]) AND i.status IS NOT NULL
      AND (i.legs -> 'open' ->> 'block_number')::bigint <= origin.number
      AND (i.legs -> 'fill' ->> 'block_number')::bigint <= destination.number
      AND NOT EXISTS (SELECT 1 FROM verdict v WHERE v.intent_id = i.intent_id AND NOT v.is_final)
), award AS (
    SELECT a.intent_id, a.round, a.solver, a.output_amount, a.concluded,
           floor(extract(epoch FROM a.created_at))::bigint AS awarded_at,
           v.fault, v.is_final, v.timestamp AS lapsed_at, d.output_amount AS delivered, d.opened_at, d.filled_at,
           a.round = min(a.round) FILTER (WHERE v.fault IS NULL) OVER (PARTITION BY a.intent_id, a.solver) AS is_first
    FROM awards a
    LEFT JOIN verdict v ON v.intent_id = a.intent_id AND v.round = a.round
    LEFT JOIN delivery d ON d.intent_id = a.intent_id AND d.solver = a.solver AND v.fault IS NULL
    WHERE a.intent_id = ANY ($1::bytea[])
), ended AS (
    SELECT *, CASE WHEN fault = 'solver' THEN 'lapsed' WHEN fault = 'user' THEN 'excused'
                   WHEN is_first THEN 'filled' ELSE 'superseded' END AS result
    FROM award WHERE NOT concluded AND (is_final OR filled_at IS NOT NULL)
), concluded AS (
    INSERT INTO concluded_awards (intent_id, round, solver, user_address, result, awarded_at, concluded_at,
                                  open_seconds, fill_seconds, improvement_ppm, chain_id, token, amount)
    SELECT e.intent_id, e.round, e.solver, i.user_address, e.result, e.awarded_at,
           coalesce(greatest(e.opened_at, e.filled_at), e.lapsed_at),
           CASE WHEN e.result = 'filled' THEN greatest(0, e.opened_at - e.awarded_at) END,
           CASE WHEN e.result = 'filled' THEN greatest(0, e.filled_at - e.awarded_at) END,
           CASE WHEN bids.second > 0 THEN greatest(0, least(
               9007199254740991, div((bids.first - bids.second) * 1000000, bids.second)
           ))::bigint END,
           i.destination_chain_id, i.output_token,
           CASE WHEN e.result = 'filled' THEN e.delivered ELSE e.output_amount END
    FROM ended e
    JOIN intents i ON i.intent_id = e.intent_id AND i.status IS NOT NULL
    LEFT JOIN auctions r ON r.intent_id = e.intent_id AND r.round = e.round
    LEFT JOIN LATERAL (
        SELECT (r.outcome -> 'bids' -> 0 ->> 'output_amount')::numeric AS first,
               (r.outcome -> 'bids' -> 1 ->> 'output_amount')::numeric AS second
        WHERE (r.outcome -> 'bids' -> 1 ->> 'rank')::integer = 2
    ) bids ON true
    ORDER BY e.intent_id, e.round
    ON CONFLICT (intent_id, round) DO NOTHING
    RETURNING intent_id, round, solver, result
), marked AS (
    UPDATE awards a SET concluded = true FROM concluded c WHERE a.intent_id = c.intent_id AND a.round = c.round
), held AS (
    SELECT s.address FROM solver_scores s
    WHERE s.address IN (SELECT solver FROM concluded) AND NOT s.is_due
    ORDER BY s.address FOR UPDATE
), due AS (
    UPDATE solver_scores s SET is_due = true FROM held WHERE s.address = held.address
)
SELECT result, count(*) AS awards FROM concluded GROUP BY result

-- name: forget
-- The awards of these intents are not concluded any more.
WITH gone AS (
    DELETE FROM concluded_awards WHERE intent_id = ANY ($1::bytea[]) RETURNING intent_id, round, solver
), unmarked AS (
    UPDATE awards SET concluded = false WHERE intent_id = ANY ($1::bytea[]) AND concluded
), held AS (
    SELECT s.address FROM solver_scores s
    WHERE s.address IN (SELECT solver FROM gone) AND NOT s.is_due
    ORDER BY s.address FOR UPDATE
)
UPDATE solver_scores s SET is_due = true FROM held WHERE s.address = held.address

-- name: forget_lost
-- What is concluded of awards that are not there.
DELETE FROM concluded_awards c
WHERE NOT EXISTS (SELECT 1 FROM awards a WHERE a.intent_id = c.intent_id AND a.round = c.round)

-- name: list_touched
-- Intents that blocks above $2 of a chain speak of.
SELECT DISTINCT intent_id FROM canonical_facts WHERE chain_id = $1 AND block_number > $2 AND intent_id IS NOT NULL
ORDER BY intent_id
