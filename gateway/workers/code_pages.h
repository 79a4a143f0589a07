/* code_pages - gives back what only the start of the program needed.
 *
 * Starting walks through a great deal of code once: a dozen libraries initialise themselves, the
 * registry and keys are parsed. Those pages count as resident memory for as long as the program
 * runs. They are clean and come back from the page cache when they are needed. */
#pragma once

/* Only mappings of files that may be executed and not written: whatever has been relocated lives in
 * others. What cannot be read or given back stays. */
void code_pages_forget(void);
