/** The words of pet names: short, friendly, lower case. */

const list = (text: string): readonly string[] => text.trim().split(/\s+/);

export const adverbs = list(`
    ably amply aptly boldly bravely briefly brightly calmly cheerfully clearly closely cosily deeply duly eagerly early easily evenly fairly
    firmly fondly freely freshly fully gently gladly gracefully greatly happily highly honestly jointly keenly kindly largely lately lightly
    likely loosely loudly lovingly merrily mildly mostly mutually nearly neatly newly nicely nobly openly partly plainly promptly properly
    purely quickly quietly rapidly rarely readily really regularly rightly safely sharply silently simply smoothly softly solidly steadily
    strongly surely sweetly swiftly tenderly thankfully tightly truly usefully vastly vividly warmly widely wholly wisely
`);

export const adjectives = list(`
    able active agile alert amber ample apt awake azure bold brave breezy bright brisk calm careful charming cheerful clever cosy crisp
    curious daring dashing eager early earnest easy elegant fair faithful famous fancy fast fearless fine firm fond frank free fresh friendly
    gentle gifted glad golden good grand grateful great happy hardy helpful honest humble ideal jolly keen kind large lively logical loved
    loyal lucky magical mellow merry mighty modest neat nimble noble normal patient peaceful playful pleasant polite prime proper proud quick
    quiet rapid rare ready regular relaxed robust rosy safe sharp shining silver smart smiling smooth solid sound sparkling steady still
    strong sunny superb sure sweet swift tender tidy tough trusty upright useful valid vast vital vivid warm welcome whole willing wise witty
`);

export const animals = list(`
    aardvark albatross alpaca ant antelope armadillo badger bat bear beaver bee beetle bison boar bobcat buffalo bull bunny butterfly camel
    canary caribou cat cheetah chicken chipmunk cicada cobra cod condor coral cougar cow coyote crab crane cricket crow deer dingo dodo
    dolphin donkey dove dragonfly duck eagle eel egret elephant elk emu falcon ferret finch firefly fish flamingo fox frog gannet gazelle
    gecko gibbon giraffe gnu goat goose gorilla grouse gull hamster hare hawk hedgehog heron herring hippo hornet horse hyena ibex ibis iguana
    impala jackal jaguar jay kangaroo kingfisher kitten kiwi koala lark lemur leopard lion lizard llama lobster lynx macaw magpie mammoth
    manatee marlin marmot marten meerkat minnow mole mongoose monkey moose moth mouse mule narwhal newt octopus okapi opossum orca oriole oryx
    osprey ostrich otter owl ox oyster panda panther parrot partridge pelican penguin pheasant pig pigeon pony porpoise puffin puma quail
    rabbit raccoon ram raven reindeer robin rooster salmon sardine seal serval shark sheep shrew shrimp skunk sloth snail snipe sparrow spider
    squid squirrel starling stork swallow swan tapir tern tiger toad trout tuna turkey turtle vole walrus warbler wasp weasel whale wolf
    wombat woodpecker wren yak zebra
`);
