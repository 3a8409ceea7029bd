-- Nonces belong to a user and an origin chain, so the indexers of two chains need not wait for each other's users.
-- Nothing is in these rows but that they can be held. The name is another one, lest a process of the version before
-- goes on and holds too little: it fails at its first write.
DROP TABLE accounts;

-- The row of one chain serialises what takes a nonce there; the row of chain 0 what the user does with us anywhere.
CREATE TABLE held_accounts (
    address  bytea  NOT NULL CHECK (octet_length(address) = 20),
    chain_id bigint NOT NULL CHECK (chain_id >= 0),
    PRIMARY KEY (address, chain_id)
);
