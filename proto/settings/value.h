/* value - one setting's text, read as its kind. Internal to settings. */
#pragma once

#include "proto/settings/settings.h"

enum value_verdict { VALUE_FITS, VALUE_WRONG_KIND, VALUE_OUT_OF_RANGE };

/* The range that holds for this row: its own, or its kind's. */
int64_t setting_min(const struct setting *setting);
int64_t setting_max(const struct setting *setting);

/* True when the field has the size that the kind writes. */
bool setting_field_fits(const struct setting *setting);

/* Whether text is a value of this setting. Plain says that the file has it without quotes, which
 * numbers and booleans must be. When it fits and values is not NULL, it is written to its field. */
enum value_verdict value_read(const struct setting *setting, struct bytes text, bool plain,
                              const char *folder, void *values);
