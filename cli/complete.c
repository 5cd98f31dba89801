/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/complete.c - the bash completion, made from the verbs, and its words.
 */
#include <stdio.h>
#include <string.h>

#include "cli/verbs.h"

/* The shell's side: find the verb's line, then what may come next. */
static const char script[] =
	"# bash completion for nvctl; made by 'nvctl completion'\n"
	"\n"
	"_nvctl_offer()\n"
	"{\n"
	"\tcase $1 in\n"
	"\tfiles) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
	"\t-|'') ;;\n"
	"\t*) COMPREPLY=($(compgen -W \"$(nvctl completion \"$1\" 2>/dev/null)\" -- \"$cur\")) ;;\n"
	"\tesac\n"
	"}\n"
	"\n"
	"_nvctl()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"\tlocal words= line verb= options= arguments= globals word skip= n=0 i\n"
	"\n"
	"\tglobals=${_nvctl_table##*$'\\n'\\*:} globals=${globals%:*}\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tif [[ $skip ]]; then skip=; continue; fi\n"
	"\t\tif [[ $word == -* ]]; then\n"
	"\t\t\t[[ \" $options $globals \" == *\" $word=\"* ]] && skip=yes\n"
	"\t\t\tcontinue\n"
	"\t\tfi\n"
	"\t\twords=${words:+$words }$word\n"
	"\t\tif [[ ! $verb && $'\\n'$_nvctl_table == *$'\\n'\"$words\":* ]]; then\n"
	"\t\t\tverb=$words line=${_nvctl_table#*$'\\n'\"$words\":} line=${line%%$'\\n'*}\n"
	"\t\t\toptions=${line%%:*} arguments=${line#*:}\n"
	"\t\telif [[ $verb ]]; then\n"
	"\t\t\t((n++))\n"
	"\t\tfi\n"
	"\tdone\n"
	"\n"
	"\tif [[ $prev == --* && \" $options $globals \" == *\" $prev=\"* ]]; then\n"
	"\t\tline=\" $options $globals \" line=${line#* $prev=}\n"
	"\t\t_nvctl_offer \"${line%% *}\"\n"
	"\telif [[ $cur == -* ]]; then\n"
	"\t\tline=\" $options $globals\"\n"
	"\t\tCOMPREPLY=($(compgen -W \"$(for word in $line; do echo \"${word%%=*}\"; done)\" -- \"$cur\"))\n"
	"\telif [[ ! $verb ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$(while IFS=: read -r line _; do\n"
	"\t\t\t[[ $line == \"${words:+$words }\"* && $line != '*' ]] || continue\n"
	"\t\t\tline=${line#\"${words:+$words }\"} && echo \"${line%% *}\"\n"
	"\t\tdone <<<\"$_nvctl_table\")\" -- \"$cur\"))\n"
	"\telse\n"
	"\t\tset -- $arguments\n"
	"\t\tshift $((n < $# ? n : $#))\n"
	"\t\t_nvctl_offer \"$1\"\n"
	"\tfi\n"
	"}\n"
	"\n"
	"complete -F _nvctl nvctl\n";

static const char *kind_word(enum word_kind k)
{
	static const char *const words[] = {
		[WORD_ANY] = "-",	   [WORD_POOL] = "pools",
		[WORD_VOLUME] = "volumes", [WORD_DEVICE] = "devices",
		[WORD_DOMAIN] = "domains", [WORD_FILE] = "files",
		[WORD_GUEST] = "guests",   [WORD_VERB] = "verbs",
	};

	return words[k];
}

/* "--name=kind --other": what follows '=' completes the option's value. */
static void print_options(FILE *f, const struct verb_option *o, size_t n)
{
	for (; n; o++, n--) {
		fprintf(f, " --%s", o->name);
		if (o->value)
			fprintf(f, "=%s", kind_word(o->kind));
	}
}

static void print_table(FILE *f)
{
	const struct verb_option *globals;
	const struct verb *v;
	size_t n, i, k;

	fprintf(f, "\n# verb: options: arguments\n_nvctl_table='");
	v = verbs(&n);
	for (i = 0; i < n; i++) {
		fprintf(f, "\n%s:", v[i].name);
		print_options(f, v[i].options, v[i].n_options);
		fprintf(f, ":");
		for (k = 0; k < CTL_ARGS && v[i].args[k].name; k++)
			fprintf(f, " %s", kind_word(v[i].args[k].kind));
	}
	fprintf(f, "\n*:");
	globals = help_globals(&n);
	print_options(f, globals, n);
	fprintf(f, ":\n'\n");
}

static int print_verbs(struct ctl *x)
{
	const struct verb *v;
	size_t n;

	for (v = verbs(&n); n; v++, n--)
		fprintf(x->out, "%s\n", v->name);
	return 0;
}

/* One name on each line; the shell cuts at blanks, so such names are left out. */
static void print_name(struct ctl *x, const char *name)
{
	char safe[VIEW_TEXT];

	term_text(&x->term, name, safe, sizeof(safe));
	if (name[0] && !strpbrk(safe, " \\$`\"'"))
		fprintf(x->out, "%s\n", safe);
}

/* Ask for the list that @what is in. Release *ret by its table. */
static int fetch(struct ctl *x, enum wire_method_id id, void *ret)
{
	const union wire_request rq = {};
	struct verb list = *x->verb;
	bool continues;
	int r;

	list.method = id;
	x->verb = &list;
	r = ctl_call(x, &rq, false);
	if (!r)
		r = ctl_reply(x, ret, &continues);
	return r;
}

static int print_volumes(struct ctl *x)
{
	struct wire_volumes reply = {};
	int r = fetch(x, WIRE_LIST_VOLUMES, &reply);
	size_t i;

	for (i = 0; i < reply.volumes.n; i++)
		print_name(x, reply.volumes.v[i].name);
	view_volumes_deinit(&reply.volumes);
	return r;
}

static int print_pools(struct ctl *x)
{
	struct wire_pools reply = {};
	int r = fetch(x, WIRE_LIST_POOLS, &reply);
	size_t i;

	for (i = 0; i < reply.pools.n; i++)
		print_name(x, reply.pools.v[i].name);
	view_pools_deinit(&reply.pools);
	view_candidates_deinit(&reply.candidates);
	return r;
}

static int print_devices(struct ctl *x)
{
	struct wire_pools reply = {};
	int r = fetch(x, WIRE_LIST_POOLS, &reply);
	size_t i;

	for (i = 0; i < reply.candidates.n; i++)
		if (reply.candidates.v[i].usable)
			print_name(x, reply.candidates.v[i].device);
	view_pools_deinit(&reply.pools);
	view_candidates_deinit(&reply.candidates);
	return r;
}

/* The domains that something is mapped in; the others only xl knows. */
static int print_domains(struct ctl *x)
{
	struct wire_status reply = {};
	int r = fetch(x, WIRE_GET_STATUS, &reply);
	size_t i;

	for (i = 0; i < reply.status.mappings.n; i++)
		print_name(x, reply.status.mappings.v[i].domain);
	view_status_deinit(&reply.status);
	return r;
}

/* Those that have a list; each once. */
static int print_guests(struct ctl *x)
{
	struct wire_guests reply = {};
	int r = fetch(x, WIRE_LIST_GUESTS, &reply);
	size_t i;

	for (i = 0; i < reply.devices.n; i++)
		if (!i || strcmp(reply.devices.v[i].guest, reply.devices.v[i - 1].guest))
			print_name(x, reply.devices.v[i].guest);
	view_guests_deinit(&reply.devices);
	return r;
}

int run_completion(struct ctl *x)
{
	static const struct {
		const char *what;
		int (*print)(struct ctl *x);
	} kinds[] = {
		{ "verbs", print_verbs },     { "volumes", print_volumes },
		{ "pools", print_pools },     { "devices", print_devices },
		{ "domains", print_domains }, { "guests", print_guests },
	};
	const struct verb *verb = x->verb;
	size_t i;
	int r;

	if (!x->n_args) {
		fputs(script, x->out);
		print_table(x->out);
		return 0;
	}
	for (i = 0; i < NV_ARRAY_SIZE(kinds); i++) {
		if (strcmp(x->arg[0], kinds[i].what))
			continue;
		r = kinds[i].print(x);
		x->verb = verb;
		return r;
	}
	return ctl_usage(x, "there is nothing to complete for '%.64s'",
			 x->arg[0]);
}
