/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vfs.c - a file system for SQLite that goes wrong when told to.
 */
#include "tests/lib/vfs.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a write that is not synced yet has overwritten. */
struct undo {
	struct undo *older;
	sqlite3_int64 offset;
	int len;
	char old[];
};

struct vfs_file {
	sqlite3_file base;
	struct vfs_file *next; /* all that are open */
	struct undo *undo;
	sqlite3_file *real;    /* behind this struct */
};

static struct {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	struct vfs_file *open;
	uint64_t nth, calls, seed;
	enum vfs_fault fault;
	bool failed, keep, read_only;
} state;

static struct vfs_file *of(sqlite3_file *f)
{
	return (struct vfs_file *)f;
}

static void undo_drop(struct vfs_file *f)
{
	struct undo *u;

	while ((u = f->undo)) {
		f->undo = u->older;
		free(u);
	}
}

static uint64_t coin(void)
{
	state.seed = state.seed * 6364136223846793005u + 1442695040888963407u;
	return state.seed >> 33;
}

/* Newest first, so that what stays of older ones is what they wrote. */
static void power_failure(void)
{
	struct vfs_file *f;
	struct undo *u;

	for (f = state.open; f; f = f->next)
		for (u = f->undo; u; u = u->older)
			if (coin() & 1)
				f->real->pMethods->xWrite(f->real, u->old,
							  u->len, u->offset);
	_exit(VFS_EXIT);
}

/* Return: what the call must say instead of being made, or SQLITE_OK. */
static int change(struct vfs_file *f, const void *data, int len,
		  sqlite3_int64 offset)
{
	state.calls++;
	if (!state.nth || state.calls < state.nth ||
	    (state.calls > state.nth && !state.keep))
		return SQLITE_OK;
	state.failed = true;
	if (state.fault == VFS_FULL)
		return SQLITE_FULL;
	if (f && data && state.calls == state.nth)
		f->real->pMethods->xWrite(f->real, data, len / 2, offset);
	if (state.fault == VFS_KILL)
		_exit(VFS_EXIT);
	if (state.fault == VFS_POWER)
		power_failure();
	return SQLITE_IOERR_WRITE;
}

static int f_close(sqlite3_file *file)
{
	struct vfs_file *f = of(file), **at = &state.open;
	int rc = f->real->pMethods->xClose(f->real);

	while (*at && *at != f)
		at = &(*at)->next;
	if (*at)
		*at = f->next;
	undo_drop(f);
	return rc;
}

static int f_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return of(f)->real->pMethods->xRead(of(f)->real, p, n, at);
}

static void undo_keep(struct vfs_file *f, int n, sqlite3_int64 at)
{
	struct undo *u = malloc(sizeof(*u) + (size_t)n);

	if (!u)
		abort();
	u->offset = at;
	u->len = n;
	/* Beyond the end it reads as zeroes, and may well come back as such. */
	f->real->pMethods->xRead(f->real, u->old, n, at);
	u->older = f->undo;
	f->undo = u;
}

static int f_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	int rc = change(of(f), p, n, at);

	if (rc != SQLITE_OK)
		return rc;
	if (state.nth && state.fault == VFS_POWER)
		undo_keep(of(f), n, at);
	return of(f)->real->pMethods->xWrite(of(f)->real, p, n, at);
}

static int f_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int rc = change(of(f), NULL, 0, 0);

	return rc != SQLITE_OK ?
		       rc : of(f)->real->pMethods->xTruncate(of(f)->real, size);
}

static int f_sync(sqlite3_file *f, int flags)
{
	int rc = change(of(f), NULL, 0, 0);

	if (rc != SQLITE_OK)
		return rc == SQLITE_IOERR_WRITE ? SQLITE_IOERR_FSYNC : rc;
	/* Not for real: it is this layer that plays the disk. */
	undo_drop(of(f));
	return SQLITE_OK;
}

static int f_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return of(f)->real->pMethods->xFileSize(of(f)->real, size);
}

static int f_lock(sqlite3_file *f, int kind)
{
	return of(f)->real->pMethods->xLock(of(f)->real, kind);
}

static int f_unlock(sqlite3_file *f, int kind)
{
	return of(f)->real->pMethods->xUnlock(of(f)->real, kind);
}

static int f_reserved(sqlite3_file *f, int *ret)
{
	return of(f)->real->pMethods->xCheckReservedLock(of(f)->real, ret);
}

static int f_control(sqlite3_file *f, int op, void *arg)
{
	return of(f)->real->pMethods->xFileControl(of(f)->real, op, arg);
}

static int f_sector(sqlite3_file *f)
{
	return of(f)->real->pMethods->xSectorSize(of(f)->real);
}

/* No promises, so that SQLite relies on none. */
static int f_device(sqlite3_file *f)
{
	return 0;
}

static int f_shm_map(sqlite3_file *f, int page, int size, int extend,
		     void volatile **ret)
{
	return of(f)->real->pMethods->xShmMap(of(f)->real, page, size, extend,
					      ret);
}

static int f_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	return of(f)->real->pMethods->xShmLock(of(f)->real, at, n, flags);
}

static void f_shm_barrier(sqlite3_file *f)
{
	of(f)->real->pMethods->xShmBarrier(of(f)->real);
}

static int f_shm_unmap(sqlite3_file *f, int del)
{
	return of(f)->real->pMethods->xShmUnmap(of(f)->real, del);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = f_close,
	.xRead = f_read,
	.xWrite = f_write,
	.xTruncate = f_truncate,
	.xSync = f_sync,
	.xFileSize = f_size,
	.xLock = f_lock,
	.xUnlock = f_unlock,
	.xCheckReservedLock = f_reserved,
	.xFileControl = f_control,
	.xSectorSize = f_sector,
	.xDeviceCharacteristics = f_device,
	.xShmMap = f_shm_map,
	.xShmLock = f_shm_lock,
	.xShmBarrier = f_shm_barrier,
	.xShmUnmap = f_shm_unmap,
};

static int v_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
		  int flags, int *ret_flags)
{
	struct vfs_file *f = of(file);
	int rc;

	memset(f, 0, sizeof(*f));
	if (state.read_only && (!name || access(name, F_OK))) {
		errno = EROFS;
		return SQLITE_CANTOPEN;
	}
	if (state.read_only) {
		flags &= ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
		flags |= SQLITE_OPEN_READONLY;
	}
	f->real = (sqlite3_file *)(f + 1);
	rc = state.real->xOpen(state.real, name, f->real, flags, ret_flags);
	if (rc != SQLITE_OK)
		return rc;
	f->base.pMethods = &methods;
	f->next = state.open;
	state.open = f;
	return SQLITE_OK;
}

static int v_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	int rc = change(NULL, NULL, 0, 0);

	if (rc != SQLITE_OK)
		return rc == SQLITE_IOERR_WRITE ? SQLITE_IOERR_DELETE : rc;
	return state.real->xDelete(state.real, name, sync);
}

void vfs_register(void)
{
	if (state.real)
		return;
	state.real = sqlite3_vfs_find(NULL);
	state.vfs = *state.real;
	state.vfs.zName = VFS_NAME;
	state.vfs.szOsFile = (int)sizeof(struct vfs_file) +
			     state.real->szOsFile;
	state.vfs.pNext = NULL;
	state.vfs.xOpen = v_open;
	state.vfs.xDelete = v_delete;
	sqlite3_vfs_register(&state.vfs, 0);
}

void vfs_fault_at(uint64_t nth, enum vfs_fault fault)
{
	state.nth = nth;
	state.fault = fault;
	state.calls = 0;
	state.failed = false;
}

void vfs_keep_failing(bool keep)
{
	state.keep = keep;
}

bool vfs_failed(void)
{
	return state.failed;
}

uint64_t vfs_calls(void)
{
	return state.calls;
}

void vfs_read_only(bool read_only)
{
	state.read_only = read_only;
}

void vfs_seed(uint64_t seed)
{
	state.seed = seed;
}
