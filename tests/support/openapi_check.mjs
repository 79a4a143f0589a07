// node openapi_check.mjs VALIDATOR FILE: ends with 0 when FILE is a valid OpenAPI 3.1 description.
import { pathToFileURL } from "node:url";

const { Validator } = await import(pathToFileURL(process.argv[2]));
const validator = new Validator();
const result = await validator.validate(process.argv[3]);
if (!result.valid || validator.version !== "3.1") {
    console.error(process.argv[3], validator.version, JSON.stringify(result.errors, null, 1));
    process.exit(1);
}
