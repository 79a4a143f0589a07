/* jobs_json - operations on sets (gateway/custody/job.h), as both daemons' APIs answer them:
 *
 *   GET  /v1/jobs               those that are remembered, newest first
 *   POST /v1/jobs               plans one: its set is counted from now on
 *   GET  /v1/jobs/{}            one, and a page of what became of each of its set
 *   POST /v1/jobs/{}/start      with the count that was shown
 *   POST /v1/jobs/{}/stop
 *
 * Each handler runs in a step of the core that owns the jobs, those of the options of the API.
 */
#pragma once

#include "gateway/api/api.h"

extern const char *const jobs_members[];       /* of POST /v1/jobs */
extern const char *const jobs_start_members[]; /* of POST /v1/jobs/{}/start */

void jobs_list_answer(struct api_request *request);
void jobs_plan_answer(struct api_request *request);
void jobs_one_answer(struct api_request *request);
void jobs_start_answer(struct api_request *request);
void jobs_stop_answer(struct api_request *request);
