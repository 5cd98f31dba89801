/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/simhost.h - a nvdimm-sim process of a test's own, in a temporary
 * directory that goes with it.
 *
 * The program is ./nvdimm-sim, or what NVDIMM_SIM names. Whatever goes wrong
 * here fails the test, with cmocka.
 */
#ifndef NV_TESTS_SIMHOST_H
#define NV_TESTS_SIMHOST_H

#include <json-c/json.h>
#include <stdint.h>
#include <sys/types.h>

#include "shim-hypercall/lib/nvshim.h"
#include "shim-hypercall/lib/simctl.h"

struct simhost {
	pid_t pid;
	char dir[64];
	char socket[80]; /* for simctl_open() */
	char where[96]; /* for nvshim_open() */
	struct simctl *ctl;
};

/* Two regions: 256 MiB at 5 GiB and 4 GiB at 6 GiB, one namespace in each. */
extern const char simhost_topology[];

/** simhost_start() - returns when it is ready. @topology: the file's text */
void simhost_start(struct simhost *s, const char *topology);

/** simhost_stop() - ask it to end, and remove its directory */
void simhost_stop(struct simhost *s);

/** simhost_kill() - as a power cut does; simhost_restart() then finds the DIMMs */
void simhost_kill(struct simhost *s);
void simhost_restart(struct simhost *s);

/**
 * simhost_call() - a control verb with pairs of key and value, up to a NULL
 * A value "true" is a flag. @ret may be NULL.
 * Return: as simctl_call().
 */
int simhost_call(struct simhost *s, struct json_object **ret,
		 const char *verb, ...) __attribute__((sentinel));

/** simhost_number() - a number of an answer, -1 if it is not there */
int64_t simhost_number(struct json_object *answer, const char *key);

/** simhost_text() - a text of an answer, "" if it is not there */
const char *simhost_text(struct json_object *answer, const char *key);

/** simhost_guest() - create a running PVH domain. @ret_handle: 16 bytes. Return: its domid. */
uint32_t simhost_guest(struct simhost *s, const char *name,
		       uint8_t *ret_handle);

#endif
