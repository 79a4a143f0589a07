/* Operations on sets at the gateway: the library's words (gateway/api/jobs_json.h) over the jobs of
 * the broker. What they do with an entry: gateway/core/broker_job.c. */
#include "gateway/operators/operators_parts.h"

static struct jobs *jobs_of(const struct api_request *request)
{
    const struct operators_api *api = api_context(request);
    return broker_jobs(api->options.broker);
}

void operators_jobs_get(struct api_request *request)
{
    jobs_list_answer(request, jobs_of(request));
}

void operators_job_get(struct api_request *request)
{
    const struct operators_api *api = api_context(request);
    jobs_one_answer(request, jobs_of(request), api->options.store);
}

void operators_job_plan(struct api_request *request)
{
    jobs_plan_answer(request, jobs_of(request));
}

void operators_job_start(struct api_request *request)
{
    jobs_start_answer(request, jobs_of(request));
}

void operators_job_stop(struct api_request *request)
{
    jobs_stop_answer(request, jobs_of(request));
}
