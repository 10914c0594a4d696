/** What the command says of itself. The exit codes are a contract with pipelines. */
export const USAGE = `usage: npm run preflight -- <folder> --admin <url> [--token-env <name>] [--service <name>]...
                            [--cluster <name>]... [--format text|json|sarif] [--strict]

Sends the documents of the folder to the control plane and says whether they can go out and come back: images pinned and
equal, secrets there, versions that work together both ways, residency on every path, capacity, freezes, drift.

  --admin <url>        the control plane: https, or http on this machine
  --token-env <name>   the environment variable that holds the token (default: FAIRLEAD_TOKEN)
  --service <name>     only clusters of this service; once more for each
  --cluster <name>     only this cluster; once more for each
  --format <format>    text for people, json for programs, sarif for code hosts (default: text); for a file or a pipe
                       say npm run --silent, or npm writes into it too
  --strict             warnings count, too

exit codes:
   0  nothing stands in the way
   1  errors were found
   2  warnings were found, and --strict was given
  64  the command or the question was wrong
  69  the control plane could not be asked
  77  the token is not good for this
`;
