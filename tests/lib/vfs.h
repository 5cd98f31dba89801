/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/vfs.h - a file system for SQLite that goes wrong when told to.
 *
 * A layer over SQLite's own. It counts the calls that change files (write,
 * truncate, sync, create, delete) and makes one of them fail, or the last that
 * the process ever makes. A power failure is more than that: of what was
 * written and not synced, any part may be missing afterwards.
 */
#ifndef NV_TESTS_VFS_H
#define NV_TESTS_VFS_H

#include <stdbool.h>
#include <stdint.h>

#define VFS_NAME "faulty"

/* What a process says that ended as it was told to. */
#define VFS_EXIT 99

enum vfs_fault {
	VFS_FULL,  /* SQLITE_FULL */
	VFS_IOERR, /* SQLITE_IOERR; a write is done by half */
	VFS_KILL,  /* _exit(VFS_EXIT) before it; a write is done by half */
	VFS_POWER, /* the same, and unsynced writes are lost at random */
};

/** vfs_register() - make VFS_NAME known to SQLite; more than once is fine */
void vfs_register(void);

/** vfs_fault_at() - the @nth change from now on goes wrong; 0: none does */
void vfs_fault_at(uint64_t nth, enum vfs_fault fault);

/** vfs_keep_failing() - and all after it, as a disk that is full stays full */
void vfs_keep_failing(bool keep);

/** vfs_failed() - has it happened since vfs_fault_at()? */
bool vfs_failed(void);

/** vfs_calls() - changes since vfs_fault_at() */
uint64_t vfs_calls(void);

/** vfs_read_only() - files can be opened for reading only */
void vfs_read_only(bool read_only);

/** vfs_seed() - what decides which unsynced writes a power failure takes */
void vfs_seed(uint64_t seed);

#endif
