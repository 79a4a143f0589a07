/* Certificates that the signatures in corpus/seal were made with; valid to 2125. The keys are gone:
 * only these signatures, and what the fuzzer makes of them, will ever be judged by them. */
#pragma once

static const char fuzz_anchor[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBxDCCAWugAwIBAgIQbksgGPqGC9KXF8RynbahvDAKBggqhkjOPQQDAjA8MQsw\n"
    "CQYDVQQGEwJWTjEZMBcGA1UECgwQU2FuZGJveCBwcm92aW5jZTESMBAGA1UEAwwJ\n"
    "RnV6eiByb290MCAXDTI1MDEwMTAwMDAwMFoYDzIxMjUwMTAxMDAwMDAwWjA8MQsw\n"
    "CQYDVQQGEwJWTjEZMBcGA1UECgwQU2FuZGJveCBwcm92aW5jZTESMBAGA1UEAwwJ\n"
    "RnV6eiByb290MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEvb+tOwEIOXDjjexo\n"
    "19XmIMDtM0SY+To7ittWk9v3Z2CPdtMsnKOouWDCoWC82wP60ahwlwiTUllMODhh\n"
    "x9Oxv6NNMEswDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAQYwHQYDVR0O\n"
    "BBYEFARJVmbAOcv3XeWmYvTGamjJj5eNMAkGA1UdIwQCMAAwCgYIKoZIzj0EAwID\n"
    "RwAwRAIgahwFNPq6HBaXVlVAnhtfWUISH2Q3HsRlhN9DgSfecMUCIFkhORgLkj+2\n"
    "uURCeb/RxV4Ji21vbOq5yA94DD+rXpqb\n"
    "-----END CERTIFICATE-----\n";

static const char fuzz_signer_p256[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIB2TCCAYCgAwIBAgIQUoE3amjwElF77cTR6g7cTTAKBggqhkjOPQQDAjA8MQsw\n"
    "CQYDVQQGEwJWTjEZMBcGA1UECgwQU2FuZGJveCBwcm92aW5jZTESMBAGA1UEAwwJ\n"
    "RnV6eiByb290MCAXDTI1MDEwMTAwMDAwMFoYDzIxMjUwMTAxMDAwMDAwWjA+MQsw\n"
    "CQYDVQQGEwJWTjEZMBcGA1UECgwQU2FuZGJveCBwcm92aW5jZTEUMBIGA1UEAwwL\n"
    "RnV6eiBzaWduZXIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATvDoXrGXtqUkX1\n"
    "BYUZbAEaHGHleNiTJNSTZ6l3g7Q/8DNBf7NI31cKYUYyNmaCfb6QLO0C3Gf2hU34\n"
    "c4H+9qA+o2AwXjAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIGwDAdBgNVHQ4E\n"
    "FgQUclJiKiv1/ScfncovPNJF5UgML8kwHwYDVR0jBBgwFoAUBElWZsA5y/dd5aZi\n"
    "9MZqaMmPl40wCgYIKoZIzj0EAwIDRwAwRAIgbXAApt1clKjJghBDxPp3KGJwPWeI\n"
    "j7z9UGR0TCIztCICIF/yxEMnZeO98Nfcr4pdeGT1+L745XGrxy7eANNj/Bn+\n"
    "-----END CERTIFICATE-----\n";

static const char fuzz_signer_rsa[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIICpDCCAkugAwIBAgIQeZOr+YNScID8DqFeeFdGfTAKBggqhkjOPQQDAjA8MQsw\n"
    "CQYDVQQGEwJWTjEZMBcGA1UECgwQU2FuZGJveCBwcm92aW5jZTESMBAGA1UEAwwJ\n"
    "RnV6eiByb290MCAXDTI1MDEwMTAwMDAwMFoYDzIxMjUwMTAxMDAwMDAwWjA+MQsw\n"
    "CQYDVQQGEwJWTjEZMBcGA1UECgwQU2FuZGJveCBwcm92aW5jZTEUMBIGA1UEAwwL\n"
    "RnV6eiBzaWduZXIwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQCabj/J\n"
    "ANmxV6sYUQRHoU+dlh0+uoHWFDvM23hAGngaWiuXtJz9n6aInHn/uv+RP2xUxrnS\n"
    "4gxllswY3XWCxo4CT6wj5s4aagjTH7/W5c6FxQ0Q9lfFbdk0ufxTBMqIiv8voxi1\n"
    "hdZfZ0bW2xfxK8U7XzCwuJFUnPg8nV99cilHqwxr51+H261bLUQMaKz0JyCoF34a\n"
    "2WwHGtpQm01pxrPnsaOzoA+7ObSx2q0qBvt+8PuLjCyLsd8EAsPnNK/zTPwB+cy5\n"
    "//uUJ6l0e0fvkk3M7EqPnKhhJUyKmkGuBZDltbYp7mNJqtI53LSh+m5JmkUEENda\n"
    "hD6WkUENvWuj1LW1AgMBAAGjYDBeMAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQD\n"
    "AgbAMB0GA1UdDgQWBBRY2gBsZ/u7ZHC4/Da7ydSeZujfaDAfBgNVHSMEGDAWgBQE\n"
    "SVZmwDnL913lpmL0xmpoyY+XjTAKBggqhkjOPQQDAgNHADBEAiAa8JX0p06Nid2B\n"
    "WdtIz1Df6gyL/SN77jSshNFPPWghzQIgC023nuyGVuKdIPgHbmHBMLdo+i+b8DKC\n"
    "rw5dQPWfol0=\n"
    "-----END CERTIFICATE-----\n";
