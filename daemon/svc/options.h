/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/options.h - nvdimmd's command line and configuration file, as settings.
 */
#ifndef NV_SVC_OPTIONS_H
#define NV_SVC_OPTIONS_H

#include <stdio.h>

#include "base/refuse.h"
#include "core/settings.h"

/* What is to be done. */
enum options_job {
	JOB_SERVE,
	JOB_HELP,
	JOB_VERSION,
	JOB_CHECK_CONFIG,
	JOB_DEFAULT_CONFIG,
	JOB_RESTORE,
};

struct options {
	enum options_job job;
	const char *config;  /* from --config, or NULL */
	const char *restore; /* the file */
	int argc;
	char **argv;
};

/**
 * options_parse() - the command line; nothing is read yet
 * Return: 0; NV_E_BAD_REQUEST with a sentence.
 */
int options_parse(int argc, char **argv, struct options *ret, struct nv_why *why);

/**
 * options_settings() - the file, and over it the command line
 * Without --config a file that is not there is an empty one.
 * Return: 0 and *@ret; NV_E_BAD_CONFIG ("FILE:LINE: ..."); -errno.
 */
int options_settings(const struct options *o, struct settings *ret, struct nv_why *why);

/** options_file() - the file that is, or would be, read */
const char *options_file(const struct options *o);

void options_help(FILE *fp);

#endif
