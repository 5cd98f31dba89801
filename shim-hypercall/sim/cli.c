/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cli.c - from the words of a command line to a request, by the verb table.
 */
#include "cli.h"

#include <string.h>

#include "ctl.h"
#include "help.h"
#include "print.h"
#include "shim-hypercall/lib/simctl.h"

#define DEFAULT_SOCKET RUNSTATEDIR "/nvdimm-sim.socket"

struct cli {
	const char *socket;
	bool json;
	unsigned int timeout_ms;
	const struct verb *verb;
	struct json_object *req;
};

/* The verb that the next one or two words name. Return: how many words. */
static int verb_read(int argc, char **argv, const struct verb **ret)
{
	char name[64];

	if (argc > 1) {
		snprintf(name, sizeof(name), "%s %s", argv[0], argv[1]);
		*ret = verb_find(name);
		if (*ret)
			return 2;
	}
	*ret = argc ? verb_find(argv[0]) : NULL;
	return 1;
}

static int refuse_usage(const struct verb *v, const char *what,
			const char *word)
{
	fprintf(stderr, "nvdimm-sim: %s: %s '%s'\n", v->name, what, word);
	fprintf(stderr, "usage: nvdimm-sim ctl ");
	help_synopsis(stderr, v);
	return CLI_USAGE;
}

/* Return: CLI_OK, CLI_USAGE, or -1: help was asked for and given. */
static int args_read(struct cli *cli, int argc, char **argv)
{
	const struct arg *a, *place = cli->verb->args;
	char key[32];
	int i;

	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--help")) {
			help_verb(stdout, cli->verb);
			return -1;
		}
		if (!strcmp(argv[i], "--json")) {
			cli->json = true;
			continue;
		}
		if (strncmp(argv[i], "--", 2)) {
			while (place->name && *place->name == '-')
				place++;
			if (!place->name)
				return refuse_usage(cli->verb, "too much:",
						    argv[i]);
			a = place++;
		} else {
			for (a = cli->verb->args; a->name; a++)
				if (!strcmp(a->name, argv[i]))
					break;
			if (!a->name)
				return refuse_usage(cli->verb,
						    "unknown option", argv[i]);
			if (a->kind != ARG_FLAG && ++i == argc)
				return refuse_usage(cli->verb,
						    "a value must follow",
						    a->name);
		}
		json_object_object_add(
			cli->req, arg_key(a, key),
			a->kind == ARG_FLAG ? json_object_new_boolean(true) :
					      json_object_new_string(argv[i]));
	}
	for (a = cli->verb->args; a->name; a++)
		if (a->required && !json_object_object_get_ex(
					   cli->req, arg_key(a, key), NULL))
			return refuse_usage(cli->verb, "missing", a->name);
	return CLI_OK;
}

static int number_option(const char *text, unsigned int *ret)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || *end || !n || n > 86400000)
		return -EINVAL;
	*ret = (unsigned int)n;
	return 0;
}

/* Return: as args_read(). */
static int cli_parse(struct cli *cli, int argc, char **argv)
{
	int i, n;

	for (i = 0; i < argc && !strncmp(argv[i], "--", 2); i++) {
		if (!strcmp(argv[i], "--help")) {
			help_usage(stdout, DEFAULT_SOCKET);
			return -1;
		}
		if (!strcmp(argv[i], "--scdoc")) {
			help_scdoc(stdout);
			return -1;
		}
		if (!strcmp(argv[i], "--json")) {
			cli->json = true;
		} else if (!strcmp(argv[i], "--socket") && i + 1 < argc) {
			cli->socket = argv[++i];
		} else if (!strcmp(argv[i], "--timeout") && i + 1 < argc &&
			   !number_option(argv[i + 1], &cli->timeout_ms)) {
			i++;
		} else {
			fprintf(stderr, "nvdimm-sim: unknown option, or no "
					"good value: '%s'\n", argv[i]);
			return CLI_USAGE;
		}
	}
	n = verb_read(argc - i, argv + i, &cli->verb);
	if (!cli->verb) {
		fprintf(stderr,
			i == argc ? "nvdimm-sim: a verb is missing%s\n" :
				    "nvdimm-sim: there is no verb '%s'\n",
			i == argc ? "" : argv[i]);
		fprintf(stderr, "'nvdimm-sim ctl --help' lists them\n");
		return CLI_USAGE;
	}
	json_object_object_add(cli->req, "verb",
			       json_object_new_string(cli->verb->name));
	return args_read(cli, argc - i - n, argv + i + n);
}

/* Did the access that was asked for go all the way? */
static int status_of(struct json_object *out)
{
	struct json_object *v;

	if (json_object_object_get_ex(out, "wrong_at", NULL))
		return CLI_ACCESS;
	if (json_object_object_get_ex(out, "end", &v) &&
	    strcmp(json_object_get_string(v), "ok"))
		return CLI_ACCESS;
	return CLI_OK;
}

static int cli_ask(struct cli *cli)
{
	nv_cleanup(simctl_closep) struct simctl *c = NULL;
	struct json_object *out;
	char sentence[512];
	int r;

	r = simctl_open(cli->socket, &c);
	if (r) {
		fprintf(stderr, "nvdimm-sim: no simulator answers at %s: %s\n",
			cli->socket, strerror(-r));
		return CLI_FAILED;
	}
	simctl_set_timeout(c, cli->timeout_ms);
	r = simctl_call(c, cli->req, &out, sentence, sizeof(sentence));
	if (r) {
		fprintf(stderr, "nvdimm-sim: %s\n", sentence);
		return CLI_FAILED;
	}
	if (cli->json)
		printf("%s\n", json_object_to_json_string_ext(
				       out, JSON_C_TO_STRING_PRETTY));
	else
		print_answer(stdout, out);
	r = status_of(out);
	json_object_put(out);
	return fflush(stdout) ? CLI_FAILED : r;
}

int cli_run(int argc, char **argv)
{
	const char *socket = getenv("NVDIMM_SIM_SOCKET");
	struct cli cli = {
		.socket = socket && *socket ? socket : DEFAULT_SOCKET,
		.timeout_ms = 10000,
	};
	int r;

	cli.req = json_object_new_object();
	if (!cli.req)
		return CLI_FAILED;
	r = cli_parse(&cli, argc, argv);
	if (!r)
		r = cli_ask(&cli);
	json_object_put(cli.req);
	return r < 0 ? CLI_OK : r;
}
