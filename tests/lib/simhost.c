/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/simhost.c - starting, asking and ending a simulated host.
 */
#include "tests/lib/simhost.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/uuid.h"
#include "tests/lib/cm.h"

const char simhost_topology[] =
	"region \"region0\" {\n"
	"	spa = \"0x140000000\" size = \"256 MiB\"\n"
	"	namespace \"namespace0.0\" {\n"
	"		uuid = \"5f3e1d2c-0b1a-4c5d-8e9f-112233445566\"\n"
	"	}\n"
	"}\n"
	"region \"region1\" {\n"
	"	spa = \"0x180000000\" size = \"4 GiB\"\n"
	"	namespace \"namespace1.0\" {\n"
	"		uuid = \"5f3e1d2c-0b1a-4c5d-8e9f-112233445577\"\n"
	"	}\n"
	"}\n";

static void run(const struct simhost *s, int out)
{
	const char *program = getenv("NVDIMM_SIM");
	char topology[96], state[96];

	snprintf(topology, sizeof(topology), "%s/topology", s->dir);
	snprintf(state, sizeof(state), "%s/state", s->dir);
	dup2(out, 1);
	/* A test that fails must not leave it behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl(program ? program : "./nvdimm-sim", "nvdimm-sim", "--foreground",
	      "--topology", topology, "--socket", s->socket, "--state", state,
	      NULL);
	_exit(127);
}

void simhost_restart(struct simhost *s)
{
	int out[2];
	char c;

	assert_int_equal(pipe(out), 0);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (!s->pid)
		run(s, out[1]);
	close(out[1]);
	/* It prints a line when it is ready, and nothing if it never is. */
	assert_int_equal(read(out[0], &c, 1), 1);
	close(out[0]);
	assert_int_equal(simctl_open(s->socket, &s->ctl), 0);
}

void simhost_start(struct simhost *s, const char *topology)
{
	char path[96];
	FILE *f;

	*s = (struct simhost){ .dir = "/tmp/nvdimm-sim-test-XXXXXX" };
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->socket, sizeof(s->socket), "%s/socket", s->dir);
	snprintf(s->where, sizeof(s->where), "sim:%s", s->socket);
	snprintf(path, sizeof(path), "%s/topology", s->dir);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(topology, f) >= 0);
	assert_int_equal(fclose(f), 0);
	simhost_restart(s);
}

void simhost_kill(struct simhost *s)
{
	int status;

	s->ctl = simctl_close(s->ctl);
	if (s->pid <= 0)
		return;
	kill(s->pid, SIGKILL);
	waitpid(s->pid, &status, 0);
	s->pid = 0;
}

void simhost_stop(struct simhost *s)
{
	char command[128];
	int status = -1;

	if (s->pid > 0) {
		kill(s->pid, SIGTERM);
		assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
		/* A sanitizer's complaint comes at the end. */
		assert_int_equal(status, 0);
	}
	s->ctl = simctl_close(s->ctl);
	snprintf(command, sizeof(command), "rm -rf '%s'", s->dir);
	assert_int_equal(system(command), 0);
}

int simhost_call(struct simhost *s, struct json_object **ret,
		 const char *verb, ...)
{
	struct json_object *req = json_object_new_object(), *out;
	const char *key, *value;
	char sentence[512];
	va_list ap;
	int r;

	json_object_object_add(req, "verb", json_object_new_string(verb));
	va_start(ap, verb);
	while ((key = va_arg(ap, const char *))) {
		value = va_arg(ap, const char *);
		json_object_object_add(req, key,
				       strcmp(value, "true") ?
					       json_object_new_string(value) :
					       json_object_new_boolean(true));
	}
	va_end(ap);
	r = simctl_call(s->ctl, req, &out, sentence, sizeof(sentence));
	json_object_put(req);
	if (r)
		return r;
	if (ret)
		*ret = out;
	else
		json_object_put(out);
	return 0;
}

int64_t simhost_number(struct json_object *answer, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(answer, key, &v) ?
		       json_object_get_int64(v) : -1;
}

const char *simhost_text(struct json_object *answer, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(answer, key, &v) ?
		       json_object_get_string(v) : "";
}

uint32_t simhost_guest(struct simhost *s, const char *name,
		       uint8_t *ret_handle)
{
	struct json_object *out;
	struct nv_uuid u;
	uint32_t domid;

	assert_int_equal(simhost_call(s, &out, "domain create", "name", name,
				      NULL), 0);
	domid = (uint32_t)simhost_number(out, "domid");
	assert_int_equal(nv_uuid_parse(simhost_text(out, "uuid"), &u), 0);
	memcpy(ret_handle, u.b, sizeof(u.b));
	json_object_put(out);
	return domid;
}
