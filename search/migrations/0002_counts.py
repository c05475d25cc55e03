"""Term and Corpus follow the chunks, whatever adds or removes them.

Both triggers take the row of the project's Corpus before they touch its terms, so that two
workers that save documents of one project wait for each other instead of deadlocking.
The lexical columns stay in the row (STORAGE MAIN): scoring reads them of every candidate,
while the text and the vector are read of the few that are shown.
"""

from django.db import migrations

COUNT = """
CREATE FUNCTION search_count_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_corpus AS corpus (project_id, chunks, words)
    SELECT project_id, count(*), sum(length) FROM added GROUP BY project_id ORDER BY project_id
    ON CONFLICT (project_id) DO UPDATE
    SET chunks = corpus.chunks + excluded.chunks, words = corpus.words + excluded.words;

    INSERT INTO search_term AS known (project_id, term, chunks)
    SELECT project_id, term, count(*) FROM added CROSS JOIN unnest(terms) AS term
    GROUP BY project_id, term ORDER BY project_id, term
    ON CONFLICT (project_id, term) DO UPDATE SET chunks = known.chunks + excluded.chunks;
    RETURN NULL;
END $$;

CREATE FUNCTION search_count_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM search_corpus
    WHERE project_id IN (SELECT project_id FROM removed) ORDER BY project_id FOR UPDATE;

    UPDATE search_corpus AS corpus
    SET chunks = corpus.chunks - gone.chunks, words = corpus.words - gone.words
    FROM (
        SELECT project_id, count(*) AS chunks, sum(length) AS words
        FROM removed GROUP BY project_id
    ) AS gone
    WHERE corpus.project_id = gone.project_id;

    UPDATE search_term AS known SET chunks = known.chunks - gone.chunks
    FROM (
        SELECT project_id, term, count(*) AS chunks
        FROM removed CROSS JOIN unnest(terms) AS term GROUP BY project_id, term
    ) AS gone
    WHERE known.project_id = gone.project_id AND known.term = gone.term;

    DELETE FROM search_term AS known
    USING (SELECT DISTINCT project_id, unnest(terms) AS term FROM removed) AS gone
    WHERE known.project_id = gone.project_id AND known.term = gone.term AND known.chunks <= 0;
    RETURN NULL;
END $$;

CREATE TRIGGER count_added AFTER INSERT ON search_chunk
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION search_count_added();

CREATE TRIGGER count_removed AFTER DELETE ON search_chunk
REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION search_count_removed();
"""

UNCOUNT = """
DROP TRIGGER count_added ON search_chunk;
DROP TRIGGER count_removed ON search_chunk;
DROP FUNCTION search_count_added();
DROP FUNCTION search_count_removed();
"""

STORE = """
ALTER TABLE search_chunk
    ALTER COLUMN terms SET STORAGE MAIN,
    ALTER COLUMN frequencies SET STORAGE MAIN;
"""


class Migration(migrations.Migration):
    dependencies = [("search", "0001_initial")]
    operations = [
        migrations.RunSQL(COUNT, UNCOUNT),
        migrations.RunSQL(STORE, migrations.RunSQL.noop),
    ]
