/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fault.h - things that go wrong on request, so that tests can see what follows.
 *
 * A rule waits for the nth occasion of its kind and then fires @times times.
 */
#ifndef NVSIM_FAULT_H
#define NVSIM_FAULT_H

#include "base/macros.h"

enum fault_where {
	FAULT_OP,    /* a hypercall */
	FAULT_ALLOC, /* memory for the core */
	FAULT_TABLE, /* memory for a page table, when a page is split or mapped */
	FAULT_VMCE,  /* delivery of a machine check */
	FAULT_WHERE_NR,
};

enum fault_what {
	FAULT_FAIL,	   /* -error, not executed */
	FAULT_FAIL_AFTER,  /* -error, executed all the same */
	FAULT_LIE,	   /* 0, not executed */
	FAULT_DROP_BEFORE, /* the connection breaks, not executed */
	FAULT_DROP_AFTER,  /* executed, then the connection breaks */
	FAULT_HANG,	   /* executed, never answered */
	FAULT_WHAT_NR,
};

#define FAULT_ANY_CMD UINT32_MAX

struct fault {
	uint32_t id;
	enum fault_where where;
	enum fault_what what; /* FAULT_OP only; the others just fail */
	uint32_t cmd; /* FAULT_OP: which, or FAULT_ANY_CMD */
	int error; /* positive errno */
	uint64_t after; /* occasions to let pass */
	uint64_t times; /* 0: it is spent */
	uint64_t fired;
};

#define FAULTS_MAX 64

struct faults {
	struct fault list[FAULTS_MAX];
	size_t nr;
	uint32_t last_id;
};

/** faults_add() - @f's id is chosen. Return: the id, or -ENOSPC. */
int faults_add(struct faults *fs, const struct fault *f);

/** faults_clear() - @id, or 0 for all. Return: 0 or -ENOENT. */
int faults_clear(struct faults *fs, uint32_t id);

/**
 * faults_hit() - this is an occasion
 * Return: the first rule that fires now, or NULL.
 */
const struct fault *faults_hit(struct faults *fs, enum fault_where where,
			       uint32_t cmd);

const char *fault_where_name(enum fault_where w);
const char *fault_what_name(enum fault_what w);

#endif
