/* file_name - may this be the name of a file, at whoever gets it?
 *
 * The name of an attachment goes through many hands: it is shown to clerks, saved by programs on
 * Windows and Linux, put into addresses and folders. A name that is a path, a device, a stream of
 * another file, or that reads differently from what it is, is refused where the message is made, at
 * the gateway and at the recipient alike. Rules of POSIX and of Windows ("Naming Files, Paths, and
 * Namespaces").
 */
#pragma once

#include <stdbool.h>

#include "proto/base/bytes.h"

/* False: empty, or only dots and blanks; blanks or a dot at the end, blanks at the start; one of
 * / \ : * ? " < > |; a character that is not printable (printable.h); or a device of Windows (CON,
 * PRN, AUX, NUL, COM0-9, LPT0-9, CONIN$, CONOUT$, CLOCK$), with or without an ending. */
bool file_name_is_safe(struct bytes name);
