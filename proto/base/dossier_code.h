/* dossier_code - mã hồ sơ: "{agency id}-{date}-{sequence}", read leniently, never re-numbered.
 *
 *   H15.50.05.13-261008-0975     G09.20-20260609-0092637     000.00.06.H56-231027-0361
 *
 *   code     = agency "-" 6*8DIGIT "-" 4*8DIGIT     at most DOSSIER_CODE_BYTES_MAX bytes
 *   agency   = group *("." group)                   group = 1*( DIGIT / "A"-"Z" )
 *
 * The shape is the one of TT 03/2025/TT-VPCP (agency id, date, sequence); the widths are those
 * found in use: ministries write an 8-digit date and up to 7 digits of sequence, provinces 6 and 4.
 * Which agency issued it is not a routing fact: after a merger the old id stays in the code for
 * ever. The date is not checked against the calendar, because systems in use put other digits
 * there.
 */
#pragma once

#include <stdbool.h>

#include "proto/base/bytes.h"

/* False when the text is not of this shape (REASON_DOSSIER_CODE_INVALID). Spaces, lower case and
 * anything before or after are not accepted: the code is an identifier, compared byte by byte. */
bool dossier_code_is_valid(struct bytes text);
