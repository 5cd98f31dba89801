/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * help.h - the verb table in words.
 */
#ifndef NVSIM_HELP_H
#define NVSIM_HELP_H

#include <stdio.h>

#include "ctl.h"

/** help_usage() - how "nvdimm-sim ctl" is used, and every verb; @socket is the default */
void help_usage(FILE *f, const char *socket);

/** help_verb() - one verb with all its arguments */
void help_verb(FILE *f, const struct verb *v);

/** help_synopsis() - one verb, on one line */
void help_synopsis(FILE *f, const struct verb *v);

/** help_scdoc() - every verb, as nvdimm-sim(1) lists them */
void help_scdoc(FILE *f);

#endif
