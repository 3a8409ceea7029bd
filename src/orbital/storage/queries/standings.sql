-- name: now
SELECT floor(extract(epoch FROM now()))::bigint

-- name: plan_anew
-- For the surrounding transaction: one plan for windows of an hour and of all time would fit neither, and its costs are
-- guessed too high to compile it for.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true)

-- name: count_window
-- Count a window that begins at $2 (unix seconds) anew, and write what differs. $3, $4 and $5 are tokens with a price:
-- chain, address, and what a base unit is worth in 10^-42 US dollars. Only final awards, slashes and public bids count;
-- sealed bids are taken out, since they are few.
WITH known AS (
    SELECT address FROM solvers UNION SELECT address FROM solver_profiles
), done AS (
    SELECT solver AS address,
           count(*) FILTER (WHERE result IN ('filled', 'lapsed')) AS awards,
           count(*) FILTER (WHERE result = 'filled') AS fills,
           count(*) FILTER (WHERE result = 'excused') AS excused,
           floor(percentile_cont(0.5) WITHIN GROUP (ORDER BY open_seconds) FILTER (WHERE result = 'filled'))::bigint
               AS median_open_seconds,
           floor(percentile_cont(0.5) WITHIN GROUP (ORDER BY fill_seconds) FILTER (WHERE result = 'filled'))::bigint
               AS median_fill_seconds,
           div(sum(improvement_ppm) FILTER (WHERE result = 'filled'),
               100 * count(improvement_ppm) FILTER (WHERE result = 'filled'))::bigint AS price_improvement_bps
    FROM concluded_awards WHERE concluded_at >= $2 GROUP BY solver
), delivered AS (
    SELECT solver AS address, chain_id, token, sum(amount) AS amount
    FROM concluded_awards WHERE concluded_at >= $2 AND result = 'filled' GROUP BY solver, chain_id, token
), worth AS (
    SELECT d.address,
           div(sum(d.amount * coalesce(price.weight, 0)), 1e40::numeric) AS volume_usd_cents,
           jsonb_agg(
               jsonb_build_object(
                   'chain_id', d.chain_id, 'token', '0x' || encode(d.token, 'hex'), 'amount', d.amount::text
               ) ORDER BY d.chain_id, d.token
           ) AS volumes
    FROM delivered d
    LEFT JOIN unnest($3::bigint[], $4::bytea[], $5::numeric[]) AS price (chain_id, token, weight)
           USING (chain_id, token)
    GROUP BY d.address
), public_bids AS (
    SELECT b.solver AS address, count(*) AS bids
    FROM bids b
    WHERE b.received_at >= to_timestamp($2)
      AND NOT EXISTS (
          SELECT FROM auctions a WHERE a.intent_id = b.intent_id AND a.round = b.round AND a.state = 'open'
      )
      AND NOT EXISTS (
          SELECT FROM intents i WHERE i.intent_id = b.intent_id AND i.status IN ('pending', 'matched')
      )
    GROUP BY b.solver
), slashed AS (
    SELECT f.actor AS address, count(*) AS slashes
    FROM canonical_facts f JOIN checkpoints c USING (chain_id)
    WHERE f.name = 'SolverSlashed' AND f.timestamp >= $2 AND f.block_number <= c.verified_number
    GROUP BY f.actor
), counted AS (
    SELECT address,
           coalesce(public_bids.bids, 0) AS bids,
           coalesce(done.awards, 0) AS awards,
           coalesce(done.fills, 0) AS fills,
           coalesce(done.excused, 0) AS excused,
           coalesce(slashed.slashes, 0) AS slashes,
           (done.fills * 10000 / nullif(done.awards, 0))::integer AS success_bps,
           done.median_open_seconds,
           done.median_fill_seconds,
           done.price_improvement_bps,
           coalesce(worth.volumes, '[]') AS volumes,
           coalesce(worth.volume_usd_cents, 0) AS volume_usd_cents,
           coalesce(solver_scores.reputation, $6::integer) AS reputation
    FROM known
    LEFT JOIN solver_scores USING (address)
    LEFT JOIN done USING (address)
    LEFT JOIN worth USING (address)
    LEFT JOIN public_bids USING (address)
    LEFT JOIN slashed USING (address)
), ranked AS (
    SELECT $1::text AS period, c.*,
           row_number() OVER (ORDER BY reputation DESC, address),
           row_number() OVER (ORDER BY volume_usd_cents DESC, address),
           row_number() OVER (ORDER BY fills DESC, address),
           row_number() OVER (ORDER BY success_bps DESC NULLS LAST, address),
           row_number() OVER (ORDER BY median_fill_seconds NULLS LAST, address)
    FROM counted c
)
INSERT INTO solver_standings
SELECT r.* FROM ranked r LEFT JOIN solver_standings old USING (period, address)
WHERE ROW(r.*) IS DISTINCT FROM ROW(old.*)
ORDER BY address
ON CONFLICT (period, address) DO UPDATE SET
    bids = excluded.bids, awards = excluded.awards, fills = excluded.fills, excused = excluded.excused,
    slashes = excluded.slashes, success_bps = excluded.success_bps,
    median_open_seconds = excluded.median_open_seconds, median_fill_seconds = excluded.median_fill_seconds,
    price_improvement_bps = excluded.price_improvement_bps, volumes = excluded.volumes,
    volume_usd_cents = excluded.volume_usd_cents, reputation = excluded.reputation,
    place_reputation = excluded.place_reputation, place_volume = excluded.place_volume,
    place_fills = excluded.place_fills, place_success_rate = excluded.place_success_rate,
    place_speed = excluded.place_speed

-- name: drop_unknown
DELETE FROM solver_standings s
WHERE s.period = $1
  AND NOT EXISTS (SELECT 1 FROM solvers k WHERE k.address = s.address)
  AND NOT EXISTS (SELECT 1 FROM solver_profiles k WHERE k.address = s.address)

-- name: put_count
INSERT INTO standings_counts (period, counted_at) VALUES ($1, now())
ON CONFLICT (period) DO UPDATE SET counted_at = excluded.counted_at

-- name: find_first
-- The earliest time, in unix seconds, of what a window that begins at $1 counts, or might; NULL when there is nothing.
SELECT least(
    (SELECT min(concluded_at) FROM concluded_awards WHERE concluded_at >= $1),
    (SELECT floor(extract(epoch FROM min(received_at)))::bigint FROM bids WHERE received_at >= to_timestamp($1)),
    (SELECT min(timestamp) FROM facts WHERE name = 'SolverSlashed' AND timestamp >= $1)
)

-- name: look
-- The database's time, and what is not the same any more once anything was told that standings are counted from.
SELECT floor(extract(epoch FROM now()))::bigint AS now,
       (SELECT max(seq) FROM facts) AS facts, (SELECT max(seq) FROM bids) AS bids, scores, scored_at
FROM (SELECT count(*) AS scores, max(scored_at) AS scored_at FROM solver_scores) AS counted

-- name: list_page
-- The places after $2 in a window, in one of the orders, with when they were counted: one row without an address when
-- there are none, and no row before the window was counted.
SELECT c.counted_at, s.*
FROM standings_counts c
LEFT JOIN LATERAL (
    SELECT n.{place} AS place, n.address, p.name, n.reputation, n.awards, n.fills, n.success_bps,
           n.median_fill_seconds, n.volume_usd_cents
    FROM solver_standings n LEFT JOIN solver_profiles p USING (address)
    WHERE n.period = $1 AND n.{place} > $2
    ORDER BY n.{place}
    LIMIT $3
) AS s ON true
WHERE c.period = $1
ORDER BY s.place

-- name: find_performance
-- A known solver's figures of a window as they were counted, all NULL before that, and its score as it is now.
SELECT s.bids, s.awards, s.fills, s.excused, s.slashes, s.success_bps, s.median_open_seconds, s.median_fill_seconds,
       s.price_improvement_bps, s.volumes, s.volume_usd_cents, c.counted_at,
       score.reputation, score.version, score.as_of, score.inputs
FROM (
    SELECT address FROM solvers WHERE address = $1 UNION SELECT address FROM solver_profiles WHERE address = $1
) AS known
LEFT JOIN standings_counts c ON c.period = $2
LEFT JOIN solver_standings s ON s.period = $2 AND s.address = known.address
LEFT JOIN solver_scores score ON score.address = known.address
