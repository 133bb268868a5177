-- The work in the trace "db": load, look up at random, join, update, delete, in memory.
PRAGMA temp_store = MEMORY;
CREATE TABLE letter (body TEXT);
INSERT INTO letter SELECT hex(zeroblob(420));
CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT, city TEXT, balance INTEGER);
CREATE TABLE entry (id INTEGER PRIMARY KEY, account INTEGER, amount INTEGER, note TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
INSERT INTO account SELECT i, printf('customer %06d', (i * 7919) % 6007), printf('city %03d', i % 311), 0 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
INSERT INTO entry SELECT i, 1 + (i * 104729) % 1500, (i * 31337) % 10007 - 5000, body || i FROM n, letter;
CREATE INDEX entry_account ON entry (account, amount);
-- Single rows, in an order without a pattern.
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
SELECT sum(amount), sum(length(note)) FROM n JOIN entry ON entry.id = 1 + (i * 7919) % 9000;
-- A hot tenth of the accounts, again and again.
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)
SELECT sum(length(note)) FROM n JOIN entry ON entry.account = 1 + (i * 31) % 150;
UPDATE account SET balance = (SELECT sum(amount) FROM entry WHERE account = account.id) WHERE id % 2 = 0;
UPDATE entry SET note = note || '!' WHERE id % 7 = 0;
DELETE FROM entry WHERE account % 5 = 0;
SELECT count(*), max(length(note)) FROM entry;
