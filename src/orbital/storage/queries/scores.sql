-- name: today
-- The UTC day, counted from 1970.
SELECT floor(extract(epoch FROM now()) / 86400)::bigint

-- name: list_due
-- Solvers whose score is not what it should be on the day $1: something changed, it is of an earlier day, or slashes
-- from the day $2 on became final, or fell. Without those of $4.
SELECT address FROM (
    (SELECT address FROM solver_scores WHERE is_due AND address <> ALL ($4::bytea[]) ORDER BY address LIMIT $3)
    UNION
    (
        SELECT address FROM solver_scores
        WHERE as_of < '1970-01-01'::date + $1::integer AND address <> ALL ($4::bytea[]) ORDER BY as_of LIMIT $3
    )
    UNION
    (
        SELECT s.address
        FROM (
            SELECT f.actor, count(*) AS slashes
            FROM canonical_facts f JOIN checkpoints c ON c.chain_id = f.chain_id
            WHERE f.name = 'SolverSlashed' AND f.timestamp >= $2::bigint * 86400 AND f.block_number <= c.verified_number
            GROUP BY f.actor
        ) slashed
        JOIN solver_scores s ON s.address = slashed.actor
        WHERE (s.inputs ->> 'slashes')::bigint IS DISTINCT FROM slashed.slashes AND s.address <> ALL ($4::bytea[])
        LIMIT $3
    )
) due
LIMIT $3

-- name: list_known
-- Solvers of whom a chain or a profile tells, from behind $1 on, and whether they have a score.
SELECT known.address, s.found IS NOT NULL AS is_scored
FROM (
    SELECT address FROM (
        (SELECT address FROM solvers WHERE address > $1 ORDER BY address LIMIT $2)
        UNION
        (SELECT address FROM solver_profiles WHERE address > $1 ORDER BY address LIMIT $2)
    ) either
    ORDER BY address LIMIT $2
) known
LEFT JOIN LATERAL (SELECT true AS found FROM solver_scores WHERE address = known.address LIMIT 1) s ON true
ORDER BY known.address

-- name: load_records
-- What these solvers ($1) did, as of the day $2. Awards of the last $3 days count, of each user and day the first $5:
-- by day as [age, filled, lapsed]. Times and improvements are of the last $4 days, bids of the $4 days before the day,
-- slashes of the last $6 days.
WITH numbered AS (
    SELECT solver, awarded_at / 86400 AS day, result = 'filled' AS is_filled, fill_seconds, improvement_ppm,
           row_number() OVER (
               PARTITION BY solver, user_address, awarded_at / 86400 ORDER BY awarded_at, intent_id, round
           ) AS place
    FROM concluded_awards
    WHERE solver = ANY ($1::bytea[]) AND awarded_at >= ($2::bigint - $3::bigint + 1) * 86400
      AND result IN ('filled', 'lapsed')
), counted AS MATERIALIZED (
    SELECT * FROM numbered WHERE place <= $5
), of_day AS (
    SELECT solver, day, count(*) FILTER (WHERE is_filled) AS filled, count(*) FILTER (WHERE NOT is_filled) AS lapsed
    FROM counted GROUP BY solver, day
), of_solver AS (
    SELECT solver, json_agg(json_build_array(greatest(0, $2 - day), filled, lapsed) ORDER BY day) AS days
    FROM of_day GROUP BY solver
), fills AS (
    SELECT solver,
           div(percentile_disc(0.5) WITHIN GROUP (ORDER BY fill_seconds)::numeric
               + percentile_disc(0.5) WITHIN GROUP (ORDER BY fill_seconds DESC), 2) AS median_fill_seconds,
           div(sum(improvement_ppm), nullif(count(improvement_ppm), 0)) AS mean_improvement_ppm
    FROM counted WHERE is_filled AND day > $2 - $4::bigint GROUP BY solver
)
SELECT one.address, coalesce(of_solver.days, '[]') AS days, fills.median_fill_seconds, fills.mean_improvement_ppm,
       s.registered_at,
       (
           SELECT count(*) FROM generate_series($2 - $4, $2 - 1) AS day
           WHERE EXISTS (
               SELECT 1 FROM bids b
               WHERE b.solver = one.address AND b.received_at >= to_timestamp(day * 86400)
                 AND b.received_at < to_timestamp((day + 1) * 86400)
           )
       ) AS days_with_bids,
       (
           SELECT count(*) FROM canonical_facts f JOIN checkpoints c ON c.chain_id = f.chain_id
           WHERE f.actor = one.address AND f.name = 'SolverSlashed' AND f.block_number <= c.verified_number
             AND f.timestamp >= ($2 - $6::bigint + 1) * 86400
       ) AS slashes
FROM unnest($1::bytea[]) AS one (address)
LEFT JOIN solvers s ON s.address = one.address
LEFT JOIN of_solver ON of_solver.solver = one.address
LEFT JOIN fills ON fills.solver = one.address

-- name: hold_solvers
-- A reorg that takes some of them ends before their scores are written, or waits and takes those as well.
SELECT 1 FROM solvers WHERE address = ANY ($1::bytea[]) ORDER BY address FOR KEY SHARE

-- name: put
INSERT INTO solver_scores (address, reputation, version, as_of, inputs, is_due)
SELECT address, reputation, $4, '1970-01-01'::date + $5::integer, inputs, false
FROM unnest($1::bytea[], $2::integer[], $3::jsonb[]) AS new (address, reputation, inputs)
ORDER BY address
ON CONFLICT (address) DO UPDATE SET
    reputation = excluded.reputation, version = excluded.version, as_of = excluded.as_of, inputs = excluded.inputs,
    is_due = false, scored_at = now()

-- name: want
-- Scores rest on what falls of a chain above the block $2.
WITH held AS (
    SELECT s.address FROM solver_scores s
    WHERE s.address IN (
        SELECT actor FROM canonical_facts
        WHERE chain_id = $1 AND block_number > $2 AND name IN ('SolverRegistered', 'BondChanged', 'SolverSlashed')
    )
    ORDER BY s.address FOR UPDATE
)
UPDATE solver_scores s SET is_due = true FROM held WHERE s.address = held.address

-- name: drop_unknown
-- Of these addresses, or with NULL of all.
WITH held AS (
    SELECT x.address FROM solver_scores x
    WHERE ($1::bytea[] IS NULL OR x.address = ANY ($1))
      AND NOT EXISTS (SELECT 1 FROM solvers s WHERE s.address = x.address)
      AND NOT EXISTS (SELECT 1 FROM solver_profiles p WHERE p.address = x.address)
    ORDER BY x.address FOR UPDATE
)
DELETE FROM solver_scores x USING held WHERE x.address = held.address
