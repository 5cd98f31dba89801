/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/main.c - nvctl: find the verb, run it, say how it went.
 */
#include "config.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/ctl.h"

/* What is left to say, and the exit status. */
static int finish(struct ctl *x, int r)
{
	if (r)
		x->output->refusal(x, r);
	conn_free(x->conn);
	if (fflush(x->out) || ferror(x->out)) {
		fprintf(x->err, "nvctl: cannot write: %s\n", strerror(errno));
		return r > 0 ? r : 1;
	}
	return r < 0 ? 1 : r;
}

static int run(struct ctl *x)
{
	if (x->want_version) {
		fprintf(x->out, "nvctl %s\n", PACKAGE_VERSION);
		return 0;
	}
	if (x->want_help) {
		if (x->verb)
			help_verb(x->out, x->verb);
		else
			help_all(x->out);
		return 0;
	}
	if (!x->verb) {
		char *words[] = { "status" };
		int used;

		x->verb = verb_find(words, 1, &used);
	}
	return x->verb->run ? x->verb->run(x) : verb_call(x);
}

int main(int argc, char **argv)
{
	struct ctl x = {
		.output = &output_text,
		.out = stdout,
		.err = stderr,
		.socket = getenv("NVDIMMD_SOCKET"),
	};
	int r;

	setlocale(LC_ALL, "");
	signal(SIGPIPE, SIG_DFL);
	x.term = term_detect(stdout);
	x.err_term = term_detect(stderr);
	if (!x.socket || !x.socket[0])
		x.socket = RUNSTATEDIR "/nvdimmd/nvdimmd.sock";
	r = args_parse(&x, argc, argv);
	if (x.json)
		x.output = &output_json;
	return finish(&x, r ? r : run(&x));
}
