// Shows /openapi.json with Swagger UI. A file of its own, since the pages allow no script inside of HTML.
"use strict";

SwaggerUIBundle({
  url: new URL("../openapi.json", document.baseURI).href,
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: false, // the key stays in this page
  validatorUrl: null, // or it would ask a server on the internet
});
