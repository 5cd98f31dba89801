/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/acpi_int.h - tables as they grow: bytes, headers and checksums.
 *
 * Everything in a table is little endian and unaligned. The writer's room is
 * ACPI_TABLES_MAX, which the checked list cannot fill; a byte too many is a
 * mistake of ours and asserted.
 */
#ifndef NV_CODEC_ACPI_INT_H
#define NV_CODEC_ACPI_INT_H

#include "codec/acpi_tables.h"

struct acpi_writer {
	uint8_t *buf; /* of ACPI_TABLES_MAX bytes */
	size_t len;
};

void acpi_put(struct acpi_writer *w, const void *bytes, size_t n);
/** acpi_put_int() - @n bytes of @value, the lowest first */
void acpi_put_int(struct acpi_writer *w, uint64_t value, size_t n);

/**
 * acpi_table_begin() - the header (ACPI 6.4, 5.2.6), its length and checksum open
 * @signature: four characters
 * Return: where the table begins, for acpi_table_end().
 */
size_t acpi_table_begin(struct acpi_writer *w, const char *signature,
			uint8_t revision);
void acpi_table_end(struct acpi_writer *w, size_t start);

void acpi_nfit(struct acpi_writer *w, const struct firmware *fw);
void acpi_ssdt(struct acpi_writer *w, const struct firmware *fw);

#endif
