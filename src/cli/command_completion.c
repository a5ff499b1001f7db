/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/commands.h"
#include "cli/completion.h"

/* The line that tells a shell to complete names of files too. */
#define FILES ":files"

static const char bash[] =
    "# bash completion of sluice; source it, or put it in /etc/bash_completion.d/\n"
    "_sluice() {\n"
    "    local line word=${COMP_WORDS[COMP_CWORD]}\n"
    "    COMPREPLY=()\n"
    "    [[ $word == '=' ]] && word=\n"
    "    while IFS= read -r line; do\n"
    "        if [[ $line == " FILES " ]]; then\n"
    "            compopt -o filenames\n"
    "            while IFS= read -r line; do COMPREPLY+=(\"$line\"); done < <(compgen -f -- \"$word\")\n"
    "        else\n"
    "            COMPREPLY+=(\"${line%%$'\\t'*}\")\n"
    "        fi\n"
    "    done < <(\"${COMP_WORDS[0]}\" complete \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _sluice sluice\n";

static const char zsh[] =
    "#compdef sluice\n"
    "# zsh completion of sluice; put it in a folder of $fpath as _sluice, or source it after compinit\n"
    "_sluice() {\n"
    "    local -a candidates\n"
    "    local line files=0\n"
    "    while IFS= read -r line; do\n"
    "        if [[ $line == " FILES " ]]; then\n"
    "            files=1\n"
    "        else\n"
    "            candidates+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")\n"
    "        fi\n"
    "    done < <(\"${words[1]}\" complete \"${(@)words[2,CURRENT]}\" 2>/dev/null)\n"
    "    (( ${#candidates} )) && _describe sluice candidates\n"
    "    (( files )) && _files\n"
    "}\n"
    "if [[ ${funcstack[1]} == _sluice ]]; then _sluice \"$@\"; else compdef _sluice sluice; fi\n";

static const char fish[] = "# fish completion of sluice; put it in ~/.config/fish/completions/sluice.fish\n"
                           "function __sluice_complete\n"
                           "    set -l words (commandline -opc)\n"
                           "    set -l word (commandline -ct)\n"
                           "    for line in ($words[1] complete $words[2..-1] \"$word\" 2>/dev/null)\n"
                           "        if test \"$line\" = " FILES "\n"
                           "            __fish_complete_path \"$word\"\n"
                           "        else\n"
                           "            echo $line\n"
                           "        end\n"
                           "    end\n"
                           "end\n"
                           "complete -c sluice -f -a '(__sluice_complete)'\n";

static const struct { const char *name, *script; } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

int command_completion(Invocation *invocation, GError **error) {
    if (!command_parse(invocation, NULL, 1, 1, error))
        return command_status(invocation);
    for (gsize i = 0; i < G_N_ELEMENTS(shells); i++) {
        if (g_str_equal(shells[i].name, invocation->arguments[0])) {
            fputs(shells[i].script, stdout);
            return EXIT_DONE;
        }
    }
    error_set(error, CLI_ERROR, CLI_ERROR_USAGE, "give one of: bash, zsh, fish",
              "there is no completion for '%s'", invocation->arguments[0]);
    return EXIT_ERROR;
}

/* What the scripts call: a candidate and its description a line. Its words are no options of its own. */
int command_complete(Invocation *invocation, GError **error) {
    if (invocation->mode == INVOCATION_DESCRIBE)
        return EXIT_DONE;
    g_autoptr(Completion) completion = completion_of((const char *const *)invocation->words);
    for (guint i = 0; i < completion->candidates->len; i++) {
        const CompletionCandidate *candidate = completion->candidates->pdata[i];
        g_autofree char *text = terminal_clean(candidate->text);
        printf("%s\t%s\n", text, candidate->description != NULL ? candidate->description : "");
    }
    if (completion->files)
        puts(FILES);
    return EXIT_DONE;
}
