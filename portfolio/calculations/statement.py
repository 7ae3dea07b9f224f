"""What makes a problem statement one: an outcome somebody could see had happened.

Rule `statement-1`: an outcome is vague when it has fewer than three words, or when nothing is left
of it after the words that only say "do something with AI" are taken out.
"""

import re

GOOD_OUTCOME = "Cut the time to answer a refund request from 26 hours to 8"
FEWEST_WORDS = 3

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
# Words that say nothing about an outcome, in this order: doing it; the thing itself; where, how and
# for whom, unless somebody in particular; little words.
_EMPTY_WORDS = """
implement implementing implementation adopt adopting adoption use using usage leverage leveraging
deploy deploying deployment roll rollout rolling out introduce introducing explore exploring pilot
piloting launch launching build building enable enabling drive driving embed embedding integrate
integrating harness harnessing apply applying scale scaling embrace embracing experiment
experimenting start starting try do become becoming transform transforming transformation innovate
innovation innovative accelerate accelerating improve improving improvement enhance enhancing
optimise optimize optimising optimizing optimisation optimization modernise modernize increase
boost maximise maximize unlock

ai genai gen gpt chatgpt copilot llm llms generative artificial intelligence machine learning ml
agent agents agentic chatbot chatbots assistant assistants model models language large tool tools
tooling technology technologies platform solution solutions system systems capability capabilities
digital automation data

business company organisation organization enterprise team teams department departments employees
staff people everyone everybody everywhere workforce work workplace process processes operations
value productivity efficiency efficient efficiently effective effectiveness quality performance
potential first powered driven ready strategy strategic initiative project programme program best
practice practices better more smarter faster new next generation future way ways things culture
journey

a an and the to of for in on at with across into by our your their its his her we it is be as all
any every each through throughout via within from or that this which will can should more most so
up
"""
_EMPTY = frozenset(_EMPTY_WORDS.split())


def vague_outcome(text: str) -> bool:
    """Whether an outcome says nothing that could be seen to have happened.

    >>> vague_outcome("Implement generative AI")
    True
    >>> vague_outcome(GOOD_OUTCOME)
    False
    """
    words = [word.casefold() for word in _WORD.findall(text)]
    return len(words) < FEWEST_WORDS or all(word in _EMPTY for word in words)
