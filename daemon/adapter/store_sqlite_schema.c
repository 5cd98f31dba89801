/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_sqlite_schema.c - what the book looks like, how it came to, and
 * whether this is one.
 */
#include "adapter/store_sqlite_int.h"

#include <stdio.h>
#include <string.h>

/*
 * Step n makes version n + 1 out of version n; a new book goes through all of
 * them. A step that was released is never changed.
 */
static const char *const steps[] = {
	/* 1 */
	"CREATE TABLE pool(uuid BLOB PRIMARY KEY, name TEXT NOT NULL,"
	" device TEXT NOT NULL, region TEXT NOT NULL, mfn INTEGER NOT NULL,"
	" nr INTEGER NOT NULL, sum INTEGER NOT NULL) WITHOUT ROWID, STRICT;"

	"CREATE TABLE volume(uuid BLOB PRIMARY KEY, pool BLOB NOT NULL,"
	" name TEXT NOT NULL, owner TEXT NOT NULL, align INTEGER NOT NULL,"
	" nr INTEGER NOT NULL, created_us INTEGER NOT NULL,"
	" home_gfn INTEGER NOT NULL, state INTEGER NOT NULL, nr_extents INTEGER NOT NULL,"
	" sum INTEGER NOT NULL) WITHOUT ROWID, STRICT;"

	"CREATE TABLE extent(volume BLOB, idx INTEGER, off INTEGER NOT NULL,"
	" nr INTEGER NOT NULL, sum INTEGER NOT NULL,"
	" PRIMARY KEY(volume, idx)) WITHOUT ROWID, STRICT;"

	"CREATE TABLE mapping(id INTEGER PRIMARY KEY, boot_id INTEGER NOT NULL,"
	" volume BLOB NOT NULL, pool BLOB NOT NULL, handle BLOB NOT NULL,"
	" domain TEXT NOT NULL, gfn INTEGER NOT NULL, nr INTEGER NOT NULL,"
	" domid INTEGER NOT NULL, state INTEGER NOT NULL,"
	" nr_extents INTEGER NOT NULL, sum INTEGER NOT NULL) STRICT;"

	"CREATE TABLE mapped(mapping INTEGER, idx INTEGER,"
	" off INTEGER NOT NULL, nr INTEGER NOT NULL, gfn INTEGER NOT NULL,"
	" map_id INTEGER NOT NULL, sum INTEGER NOT NULL,"
	" PRIMARY KEY(mapping, idx)) WITHOUT ROWID, STRICT;"

	"CREATE TABLE bad_pool(id INTEGER PRIMARY KEY, uuid BLOB NOT NULL UNIQUE) STRICT;"

	"CREATE TABLE bad(pool INTEGER, off INTEGER, nr INTEGER NOT NULL,"
	" time_us INTEGER NOT NULL, source INTEGER NOT NULL,"
	" sum INTEGER NOT NULL, PRIMARY KEY(pool, off)) WITHOUT ROWID, STRICT;"

	"CREATE TABLE fault(boot_id INTEGER, seq INTEGER, time_us INTEGER NOT NULL,"
	" boot_ns INTEGER NOT NULL, pool BLOB NOT NULL, off INTEGER NOT NULL,"
	" nr INTEGER NOT NULL, status INTEGER NOT NULL, misc INTEGER NOT NULL,"
	" mcg INTEGER NOT NULL, handle BLOB NOT NULL, gfn INTEGER NOT NULL,"
	" domid INTEGER NOT NULL, type INTEGER NOT NULL,"
	" flags INTEGER NOT NULL, action INTEGER NOT NULL,"
	" PRIMARY KEY(boot_id, seq)) WITHOUT ROWID, STRICT;"

	/* Ids start above this, however little of the history is left. */
	"CREATE TABLE event_floor(one INTEGER PRIMARY KEY CHECK(one = 1),"
	" id INTEGER NOT NULL) STRICT;"
	"INSERT INTO event_floor VALUES(1, 0);"

	"CREATE TABLE event(id INTEGER PRIMARY KEY,"
	" time_us INTEGER NOT NULL, severity INTEGER NOT NULL,"
	" kind TEXT NOT NULL, text TEXT NOT NULL, next TEXT NOT NULL,"
	" status TEXT NOT NULL, action TEXT NOT NULL, pool BLOB NOT NULL,"
	" off INTEGER NOT NULL, nr INTEGER NOT NULL, mfn INTEGER NOT NULL,"
	" volume TEXT NOT NULL, volume_off INTEGER NOT NULL,"
	" domain TEXT NOT NULL, domid INTEGER NOT NULL, gfn INTEGER NOT NULL) STRICT;"
	"CREATE INDEX event_place ON event(pool, off) WHERE nr > 0;",
	/* 2: what guests are to get */
	"CREATE TABLE guest(guest TEXT, device INTEGER,"
	" if_missing INTEGER NOT NULL, volume BLOB NOT NULL,"
	" gfn INTEGER NOT NULL, sum INTEGER NOT NULL,"
	" PRIMARY KEY(guest, device)) WITHOUT ROWID, STRICT;",
	/* 3: which mappings are guests' devices */
	"CREATE TABLE device(id INTEGER PRIMARY KEY,"
	" device INTEGER NOT NULL,"
	" sum INTEGER NOT NULL) STRICT;",
};

int schema_version(void)
{
	return (int)NV_ARRAY_SIZE(steps);
}

int sql_number(sqlite3 *db, const char *sql, int64_t *ret)
{
	sqlite3_stmt *st;
	int rc;

	rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? SQLITE_OK : rc == SQLITE_DONE ? SQLITE_ERROR :
								  rc;
}

/*
 * SQLite's own opinion: "ok", or the first thing that is wrong. Not its quick
 * check, which does not mind a row in the wrong place.
 */
static int check_whole(sqlite3 *db, struct nv_why *why)
{
	sqlite3_stmt *st;
	const char *text;
	int rc, r = 0;

	rc = sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &st, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc != SQLITE_ROW) {
		r = sql_error(db, rc, why);
	} else {
		text = (const char *)sqlite3_column_text(st, 0);
		if (!text || strcmp(text, "ok"))
			r = nv_refuse(why, NV_E_BAD_BOOK,
				      "the database is damaged: %s",
				      text ? text : "it does not say where");
	}
	sqlite3_finalize(st);
	return r;
}

/* Every table and index as it was declared. Return: SQLITE_OK; *@ret is the caller's. */
static int tables_text(sqlite3 *db, char **ret)
{
	sqlite3_stmt *st;
	const char *text;
	int rc;

	rc = sqlite3_prepare_v2(db,
				"SELECT group_concat(type || name || tbl_name ||"
				" ifnull(sql, ''), ';') FROM"
				" (SELECT * FROM sqlite_schema ORDER BY name)",
				-1, &st, NULL);
	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		text = (const char *)sqlite3_column_text(st, 0);
		*ret = strdup(text ? text : "");
		rc = *ret ? SQLITE_OK : SQLITE_NOMEM;
	}
	sqlite3_finalize(st);
	return rc;
}

/*
 * The tables must be those that the steps make: SQLite's check says that what
 * is there is whole, not that it is all there.
 */
static int check_tables(sqlite3 *db, int version, struct nv_why *why)
{
	nv_cleanup(nv_freep) char *here = NULL, *there = NULL;
	sqlite3 *like = NULL;
	int rc, i;

	rc = sqlite3_open(":memory:", &like);
	for (i = 0; i < version && rc == SQLITE_OK; i++)
		rc = sqlite3_exec(like, steps[i], NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = tables_text(like, &there);
	sqlite3_close(like);
	if (rc == SQLITE_OK)
		rc = tables_text(db, &here);
	if (rc != SQLITE_OK)
		return sql_error(NULL, rc, why);
	if (!strcmp(here, there))
		return 0;
	return nv_refuse(why, NV_E_BAD_BOOK,
			 "the database says it has schema %d, but its tables are others",
			 version);
}

int schema_check(sqlite3 *db, struct nv_why *why, int *ret_version)
{
	int64_t app = 0, version = 0, tables = 0;
	int rc, r;

	rc = sql_number(db, "PRAGMA application_id", &app);
	if (rc == SQLITE_OK)
		rc = sql_number(db, "PRAGMA user_version", &version);
	if (rc == SQLITE_OK)
		rc = sql_number(db, "SELECT count(*) FROM sqlite_schema",
				&tables);
	if ((rc & 0xff) == SQLITE_NOTADB)
		return nv_refuse(why, NV_E_BAD_BOOK,
				 "%s is not a database of nvdimmd",
				 sqlite3_db_filename(db, "main"));
	if (rc != SQLITE_OK)
		return sql_error(db, rc, why);
	if (!app && !version && !tables) {
		*ret_version = 0;
		return 0;
	}
	if (app != SCHEMA_APPLICATION_ID)
		return nv_refuse(why, NV_E_BAD_BOOK,
				 "%s is another program's database (application id 0x%llx)",
				 sqlite3_db_filename(db, "main"),
				 (unsigned long long)app);
	if (version > schema_version())
		return nv_refuse(why, NV_E_BAD_BOOK,
				 "the database has schema %lld, this nvdimmd knows up to %d: a newer one wrote it",
				 (long long)version, schema_version());
	if (version < 1)
		return nv_refuse(why, NV_E_BAD_BOOK,
				 "the database is damaged: schema %lld",
				 (long long)version);
	r = check_whole(db, why);
	if (!r)
		r = check_tables(db, (int)version, why);
	if (!r)
		*ret_version = (int)version;
	return r;
}

int schema_update(sqlite3 *db, int version, struct nv_why *why)
{
	char text[120];
	int rc, i, r;

	if (version == schema_version())
		return 0;
	rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	for (i = version; i < schema_version() && rc == SQLITE_OK; i++)
		rc = sqlite3_exec(db, steps[i], NULL, NULL, NULL);
	snprintf(text, sizeof(text),
		 "PRAGMA application_id = %d; PRAGMA user_version = %d",
		 SCHEMA_APPLICATION_ID, schema_version());
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, text, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return 0;
	r = sql_error(db, rc, why);
	if (!sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}
