/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * acpi-write.c - the tables of the devices on the command line, for ACPICA's tools.
 *
 *	acpi-write PERSISTENCE DEVID:GPA:SIZE:UUID... >FILE
 */
#include <stdio.h>
#include <string.h>

#include "codec/acpi_tables.h"

static int device(const char *text, struct firmware_device *ret)
{
	unsigned long long gpa, size;
	int at = 0;

	if (sscanf(text, "%u:%llx:%llx:%n", &ret->devid, &gpa, &size, &at) != 3 ||
	    !at)
		return -EINVAL;
	ret->gpa = gpa;
	ret->size = size;
	return nv_uuid_parse(text + at, &ret->volume);
}

int main(int argc, char **argv)
{
	static uint8_t buf[ACPI_TABLES_MAX];
	struct firmware fw = { .nr = 0 };
	struct nv_why why = { "" };
	size_t len;
	int i;

	if (argc < 2 || argc - 2 > FIRMWARE_DEVICES ||
	    topo_persistence_parse(argv[1], &fw.persistence))
		return 2;
	for (i = 2; i < argc; i++)
		if (device(argv[i], &fw.dev[fw.nr++]))
			return 2;
	if (acpi_tables(&fw, &why, buf, &len)) {
		fprintf(stderr, "%s\n", why.text);
		return 1;
	}
	return fwrite(buf, 1, len, stdout) == len ? 0 : 1;
}
