/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cli.h - nvdimm-sim's command line: the control verbs.
 */
#ifndef NVSIM_CLI_H
#define NVSIM_CLI_H

/*
 * Exit statuses of "nvdimm-sim ctl".
 * CLI_ACCESS: what was asked for was done, but a guest's access ended early
 * (trapped, machine check, stopped) or found other bytes than the pattern.
 */
#define CLI_OK	   0
#define CLI_FAILED 1
#define CLI_USAGE  2
#define CLI_ACCESS 3

/** cli_run() - "ctl" and what follows it. Return: the exit status. */
int cli_run(int argc, char **argv);

#endif
