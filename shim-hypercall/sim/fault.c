/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fault.c - the list of things that are to go wrong.
 */
#include "fault.h"

#include <string.h>

int faults_add(struct faults *fs, const struct fault *f)
{
	size_t i;

	/* A rule that is spent stays for people to look at until room is needed. */
	for (i = 0; i < fs->nr && fs->nr == FAULTS_MAX; i++)
		if (!fs->list[i].times)
			faults_clear(fs, fs->list[i].id);
	if (fs->nr == FAULTS_MAX)
		return -ENOSPC;
	fs->list[fs->nr] = *f;
	fs->list[fs->nr].id = ++fs->last_id;
	fs->nr++;
	return (int)fs->last_id;
}

int faults_clear(struct faults *fs, uint32_t id)
{
	size_t i;

	if (!id) {
		fs->nr = 0;
		return 0;
	}
	for (i = 0; i < fs->nr; i++) {
		if (fs->list[i].id != id)
			continue;
		memmove(&fs->list[i], &fs->list[i + 1],
			(fs->nr - i - 1) * sizeof(fs->list[0]));
		fs->nr--;
		return 0;
	}
	return -ENOENT;
}

const struct fault *faults_hit(struct faults *fs, enum fault_where where,
			       uint32_t cmd)
{
	const struct fault *hit = NULL;
	struct fault *f;
	size_t i;

	/* Every rule counts the occasion, or two of them would interfere. */
	for (i = 0; i < fs->nr; i++) {
		f = &fs->list[i];
		if (f->where != where || !f->times)
			continue;
		if (where == FAULT_OP && f->cmd != FAULT_ANY_CMD &&
		    f->cmd != cmd)
			continue;
		if (f->after) {
			f->after--;
			continue;
		}
		if (hit)
			continue;
		f->times--;
		f->fired++;
		hit = f;
	}
	return hit;
}

const char *fault_where_name(enum fault_where w)
{
	static const char *const names[FAULT_WHERE_NR] = {
		[FAULT_OP] = "op",
		[FAULT_ALLOC] = "alloc",
		[FAULT_TABLE] = "table",
		[FAULT_VMCE] = "vmce",
	};

	return names[w];
}

const char *fault_what_name(enum fault_what w)
{
	static const char *const names[FAULT_WHAT_NR] = {
		[FAULT_FAIL] = "fail",
		[FAULT_FAIL_AFTER] = "fail-after",
		[FAULT_LIE] = "lie",
		[FAULT_DROP_BEFORE] = "drop-before",
		[FAULT_DROP_AFTER] = "drop-after",
		[FAULT_HANG] = "hang",
	};

	return names[w];
}
