/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/acpi-read.h - a second opinion of the tables: read them back.
 *
 * Written from the specification and not from the writer; whatever does not
 * fit to the byte ends the program with a sentence.
 */
#ifndef NV_TESTS_ACPI_READ_H
#define NV_TESTS_ACPI_READ_H

#include "core/firmware.h"

struct acpi_seen {
	struct firmware fw;
	uint32_t handle[FIRMWARE_DEVICES]; /* in the NFIT */
	uint32_t adr[FIRMWARE_DEVICES];    /* in the SSDT, in its order */
	size_t nr_adr;
	uint8_t serial[FIRMWARE_DEVICES][4];
	size_t nfit_len;
};

/** acpi_read() - an NFIT and an SSDT that fill @len bytes */
void acpi_read(const uint8_t *bytes, size_t len, struct acpi_seen *ret);

/** acpi_read_is() - is @seen what @fw says? Ends the program if not. */
void acpi_read_is(const struct acpi_seen *seen, const struct firmware *fw);

#endif
